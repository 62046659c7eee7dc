package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestStartsAndStopsLeaveNothingBehind runs the daemon in this process again and again and counts goroutines and open files. It does not
// run beside other tests.
func TestStartsAndStopsLeaveNothingBehind(t *testing.T) {
	dir := t.TempDir()
	rules := write(t, "rules.yml", countingRules)
	sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	cycle := func() {
		args := []string{"-r", rules, "--exit-on-eof", "--api-addr", "127.0.0.1:0", "--output", "file://" + filepath.Join(dir, "out.ndjson"),
			"--dlq", "file://" + filepath.Join(dir, "dlq.ndjson"), "--state-db", filepath.Join(dir, "state.db")}
		if status := run(args, strings.NewReader(counting{users: 3}.event(1)+"\n"), sink, sink); status != 0 {
			t.Fatalf("exit status %d", status)
		}
	}
	for range 3 { // what is made once and stays
		cycle()
	}
	goroutines, files := settled(), openFiles(t)
	cycles := scale(40, 200)
	for range cycles {
		cycle()
	}
	g, now := settled()-goroutines, openFiles(t)
	f := len(now) - len(files)
	t.Logf("%d cycles: %+d goroutines, %+d open files", cycles, g, f)
	if g > 2 || f > 0 {
		buf := make([]byte, 1<<20)
		t.Errorf("something stays; open files before %q, now %q\n%s", files, now, buf[:runtime.Stack(buf, true)])
	}
	if n := len(resultLines(t, filepath.Join(dir, "out.ndjson"))); n != cycles+3+(cycles+3)/5 {
		t.Errorf("%d results of %d cycles", n, cycles+3)
	}
}

// settled returns the number of goroutines once those that are about to end have done so.
func settled() int {
	n := runtime.NumGoroutine()
	for range 50 {
		time.Sleep(10 * time.Millisecond)
		if m := runtime.NumGoroutine(); m < n {
			n = m
		}
	}
	return n
}

// openFiles returns what the process has open all the time: of several looks the one that has found least. What earlier tests have left
// running may open something for a moment.
func openFiles(t *testing.T) (files []string) {
	t.Helper()
	files = openFilesNow(t)
	for range 20 {
		time.Sleep(10 * time.Millisecond)
		if now := openFilesNow(t); len(now) < len(files) {
			files = now
		}
	}
	return files
}

func openFilesNow(t *testing.T) (files []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of open files on this system: %v", err)
	}
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil { // not the one of the list itself, which is closed again
			files = append(files, to)
		}
	}
	return files
}
