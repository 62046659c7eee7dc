// Package commitlog makes durable what the engine has done before anything of it leaves the process: for each group of messages the
// inputs of correlation, the results, and how far sources are read and sinks written, in one transaction of a store. At the next start
// it brings the state of correlations back and knows which results each sink still lacks.
//
//	log.go       a commit: what is written, and what happens when the disk does not take it
//	twin.go      a second correlation engine that follows the log, from which bases are made while the first one works on
//	base.go      the body of a base
//	outbox.go    the body of a row of results
//	marks.go     how far sinks are, and which rows that makes superfluous
//	recover.go   the start
//
// It does no I/O of its own; package store does. Package daemon makes a Log and gives it to the engine.
//
// Source: reliability.md section 2.
package commitlog
