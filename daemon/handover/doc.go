// Package handover is how one process of the daemon gives way to another: the second one inherits the listening sockets and is told when
// everything else is its own. It is the protocol between the two, the descriptors that a service manager hands to a process it starts,
// and what a service manager is told. It knows nothing of events, rules or state: what the first process still holds is a Parcel of bytes.
//
// The first process calls Start, Prepared, Give and Go; the second one calls FromEnvironment, Prepared, Receive and Opened:
//
//	first                              second
//	starts the second  ───────────►    compiles its rules, owns nothing
//	                   ◄─ prepared ─
//	stops, drains, saves
//	                   ── parcel ──►   opens state, outputs, inputs
//	                   ◄── opened ──
//	                   ──── go ────►   takes events
//	ends
//
// Until the parcel the second process may fail and nothing has happened. Until go it has taken no event, so that the first one can begin
// again. Sending go is the moment at which the second one is the daemon.
package handover
