package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lane is an event file: once as it is, for its detections, and once repeated, for the speed.
type lane struct {
	name           string
	once, repeated string // paths
	events         int    // in repeated, beyond those in once
}

// newLane unpacks file into dir and repeats it until it holds at least events lines.
func newLane(file, dir string, events int) (*lane, error) {
	text, err := readEvents(file)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	l := &lane{name: name, once: filepath.Join(dir, "once.ndjson"), repeated: filepath.Join(dir, "repeated.ndjson")}
	n := max(bytes.Count(text, []byte("\n")), 1)
	times := max((events+n-1)/n, 2)
	l.events = (times - 1) * n
	if err := os.WriteFile(l.once, text, 0o600); err != nil {
		return nil, err
	}
	return l, os.WriteFile(l.repeated, bytes.Repeat(text, times), 0o600)
}

// readEvents returns the lines of file, which may be compressed.
func readEvents(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	text, err := io.ReadAll(r)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return text, err
}

// engine is a program and the arguments that make it evaluate a file.
type engine struct {
	program string
	args    func(file string) []string
}

// outcome is what one engine did with one lane.
type outcome struct {
	rate  float64 // events a second of CPU time, user and system, without loading
	hits  map[string]int
	total int
}

// measure runs the lane once for its detections and once repeated; the difference of the two is free of the time for loading.
func (e engine) measure(l *lane) (outcome, error) {
	out, short, err := e.run(l.once)
	if err != nil {
		return outcome{}, err
	}
	_, long, err := e.run(l.repeated)
	if err != nil {
		return outcome{}, err
	}
	hits, total := countTitles(out)
	return outcome{float64(l.events) / (long - short).Seconds(), hits, total}, nil
}

func (e engine) run(file string) ([]byte, time.Duration, error) {
	cmd := exec.Command(e.program, e.args(file)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", e.program, err)
	}
	return out.Bytes(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
