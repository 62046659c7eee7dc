// Package evtx reads Windows event log files (.evtx): header, chunks, records and their BinXML, which it turns into JSON of
// the shape that the published regression events of the Sigma rules have: Event.System, Event.EventData, attributes under
// "#attributes". It only reads, keeps two chunks of 64 KiB at most, and goes on behind what is damaged. Its callers, rsigmad eval
// and rsigmac test, open the files.
//
// Sources: the published description of the format by Microsoft ([MS-EVEN6], section 2.2.12 ff.) and by the libevtx project.
package evtx
