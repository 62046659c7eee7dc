package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestWhatCommitsCost measures how fast events go through with each durability, and prints the ratios: one event in fifty has a result and
// feeds a correlation. It asserts nothing about time.
func TestWhatCommitsCost(t *testing.T) {
	if !soak {
		t.Skip("a measurement: make soak")
	}
	const rounds = 5
	events := 600_000
	var input bytes.Buffer
	for n := range events {
		name := "other"
		if n%50 == 0 {
			name = "user"
		}
		fmt.Fprintf(&input, `{"n":%d,%q:"u%d","timestamp":%d,"CommandLine":"C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule","Image":"svchost.exe"}`+"\n",
			n, name, n%5000, 1795168800+n/1000)
	}
	rules := write(t, "rules.yml", countingRules)
	took := map[string][]time.Duration{}
	modes := []string{"none", "snapshot", "process", "power"}
	for range rounds {
		for _, mode := range modes {
			dir := t.TempDir()
			args := []string{"-r", rules, "--batch-size", "512", "--output", "file://" + filepath.Join(dir, "out.ndjson")}
			if mode != "none" {
				args = append(args, "--state-db", filepath.Join(dir, "state.db"), "--durability", mode)
			}
			p := launch(t, args...).ready()
			start := time.Now()
			if _, err := p.stdin.Write(input.Bytes()); err != nil {
				t.Fatal(err)
			}
			for p.metrics()["rsigma_events_processed_total"] < float64(events) {
				time.Sleep(2 * time.Millisecond)
			}
			took[mode] = append(took[mode], time.Since(start))
			if status := p.stop(); status != 0 {
				t.Fatalf("exit status %d\n%s", status, p.log())
			}
		}
	}
	base := median(took["none"])
	for _, mode := range modes {
		m := median(took[mode])
		t.Logf("%-8s %8.0f events a second, %.2f of the time without state", mode, float64(events)/m.Seconds(), m.Seconds()/base.Seconds())
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
