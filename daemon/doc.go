// Package daemon puts the daemon together: it builds the parts in an order in which nothing can be lost, starts the flow downstream
// first, and stops it upstream first. The parts themselves are in the packages below. The program gives it a Config and gets an error
// or, at the regular end, nil.
//
// Source: daemon.md sections 1, 2 and 23.
package daemon
