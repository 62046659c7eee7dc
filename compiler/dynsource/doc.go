// Package dynsource reads the values that pipelines take from outside: files, HTTP endpoints, the output of commands, and NATS subjects.
// It reads their declarations, fetches and parses values, keeps the last good one of each, and says when one has changed. It neither
// expands pipelines (package pipeline does) nor compiles rules, and nothing of it runs while an event is judged.
//
// Source: dynamic-sources.md.
package dynsource
