package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// maxBadLines is how many bad lines of an input are named; the rest is only counted.
const maxBadLines = 10

// eventReader hands the events of files and flags to a function, and names those that are bad.
type eventReader struct {
	streams
	take func(event []byte) error // its error says that the event is bad
	bad  int
}

// file reads a file of events; - is standard input.
func (r *eventReader) file(name string) error {
	if name == "-" {
		return r.from(name, r.in)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.from(name, f)
}

// flag reads the value of a flag: JSON text, or a file after @.
func (r *eventReader) flag(value string) error {
	if name, ok := strings.CutPrefix(value, "@"); ok {
		return r.file(name)
	}
	return r.from("--event", strings.NewReader(value))
}

func (r *eventReader) from(name string, in io.Reader) error {
	before := r.bad
	isBad := func(line int64, err error) {
		r.bad++
		switch n := r.bad - before; {
		case n <= maxBadLines:
			fmt.Fprintf(r.err, "%s:%d: %v\n", name, line, err)
		case n == maxBadLines+1:
			fmt.Fprintf(r.err, "%s: further bad lines are counted only\n", name)
		}
	}
	err := frame.Events(in, frame.Handler{
		Event: func(data []byte, line int64) {
			if err := r.take(data); err != nil {
				isBad(line, err)
			}
		},
		Bad: isBad,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
