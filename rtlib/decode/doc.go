// Package decode turns the bytes of one event into an rtlib.Event, one file per format. It splits no input into lines, knows no
// transport and evaluates nothing; inputs of the daemon and of the command line call it for every event.
//
// JSON is not parsed into a tree. One pass over the bytes validates them, looks each key up in a table of the fields that some
// rule names, and skips over everything else.
package decode
