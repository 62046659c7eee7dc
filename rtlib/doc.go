// Package rtlib is the run time of a compiled rule set: events and their values, the predicates that rules are made of, and
// the rule type that both engines produce. Interpreter and generated code differ only in who supplied Rule.Match; every
// coercion, folding, array and null decision is taken here, once.
//
// The package uses the standard library only. It does no I/O, reads no clock and never panics on an event: predicates are
// total functions. Package rtlib/decode fills events, package rtlib/ruleset runs rules over them.
package rtlib
