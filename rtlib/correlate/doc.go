// Package correlate counts, aggregates and orders what detection rules find over time: the run time of Sigma correlation rules.
// It holds the windows of all groups, judges them on every feed and exports and imports their state. It reads no clock and does no
// I/O: time is always a parameter. Package daemon/engine drives it; compiled and interpreted rule sets share it.
package correlate
