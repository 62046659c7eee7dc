package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWhatCommitsCost measures how fast events go through with each durability, and prints the ratios. It asserts nothing about time.
func TestWhatCommitsCost(t *testing.T) {
	if !soak {
		t.Skip("a measurement: make soak")
	}
	modes := []string{"none", "snapshot", "process", "power"}
	for _, w := range costWorkloads(t) {
		took := map[string][]time.Duration{}
		results := 0.0
		for range 5 {
			for _, mode := range modes {
				d, n := w.run(t, mode)
				took[mode], results = append(took[mode], d), n
			}
		}
		base := median(took["none"])
		t.Logf("%s: %d events, %.0f results", w.name, w.events, results)
		for _, mode := range modes {
			m := median(took[mode])
			t.Logf("    %-8s %8.0f events a second, which costs %2.0f %% of the throughput (%.2f of the time without state)", mode,
				float64(w.events)/m.Seconds(), 100*(1-base.Seconds()/m.Seconds()), m.Seconds()/base.Seconds())
		}
	}
}

// costWorkload is what the cost of commits is measured with.
type costWorkload struct {
	name   string
	args   []string
	input  []byte
	events int
}

// run sends the events through a daemon and returns how long that took and how many results it had.
func (w *costWorkload) run(t *testing.T, mode string) (took time.Duration, results float64) {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"--batch-size", "512", "--output", "file://" + filepath.Join(dir, "out.ndjson")}, w.args...)
	if mode != "none" {
		args = append(args, "--state-db", filepath.Join(dir, "state.db"), "--durability", mode)
	}
	p := launch(t, args...).ready()
	start := time.Now()
	if _, err := p.stdin.Write(w.input); err != nil {
		t.Fatal(err)
	}
	p.waitForMetric("rsigma_events_processed_total", float64(w.events))
	took = time.Since(start)
	m := p.metrics()
	if status := p.stop(); status != 0 {
		t.Fatalf("exit status %d\n%s", status, p.log())
	}
	return took, m["rsigma_detection_matches_total"] + m["rsigma_correlation_matches_total"]
}

// costWorkloads returns the one in which commits weigh most, and those of the corpus if that is there.
func costWorkloads(t *testing.T) []costWorkload {
	t.Helper()
	one := costWorkload{name: "one rule, one event in fifty with a result that feeds a correlation", args: []string{"-r", write(t, "rules.yml", countingRules)},
		events: 600_000}
	var input bytes.Buffer
	for n := range one.events {
		name := "other"
		if n%50 == 0 {
			name = "user"
		}
		fmt.Fprintf(&input, `{"n":%d,%q:"u%d","timestamp":%d,"CommandLine":"C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule","Image":"svchost.exe"}`+"\n",
			n, name, n%5000, 1795168800+n/1000)
	}
	one.input = input.Bytes()
	all := []costWorkload{one}
	const corpus = "../../../shared/corpus"
	if _, err := os.Stat(corpus); err != nil {
		t.Logf("the corpus is not beside the repository, nothing is measured with SigmaHQ: %v", err)
		return all
	}
	dir := t.TempDir()
	extract(t, filepath.Join(corpus, "sigmahq-rules.tar.gz"), dir)
	sigma := []string{"-r", filepath.Join(dir, "rules"), "-r", write(t, "images.yml", countingImages), "--no-detections"}
	for _, lane := range []string{"lanes/low_match.ndjson.gz", "windows-sample.ndjson.gz"} {
		w := costWorkload{name: "3,141 rules of SigmaHQ and a correlation that each event with an image feeds, " + lane, args: sigma}
		text := gunzip(t, filepath.Join(corpus, lane))
		for w.events < 100_000 {
			w.input = append(w.input, text...)
			w.events += bytes.Count(text, []byte("\n"))
		}
		all = append(all, w)
	}
	return all
}

const countingImages = `title: Any image
id: 6a1f6c1e-55e0-4a86-a1a3-333333333333
level: low
logsource: {category: test}
detection:
  sel: {Image|exists: true}
  condition: sel
---
title: Often the same image
id: 6a1f6c1e-55e0-4a86-a1a3-444444444444
level: high
correlation:
  type: event_count
  rules: [6a1f6c1e-55e0-4a86-a1a3-333333333333]
  group-by: [Image]
  timespan: 24h
  condition: {gte: 1000000}
`

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// gunzip returns what is in a compressed file.
func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// extract writes the files of an archive below dir.
func extract(t *testing.T, archive, dir string) {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(gunzip(t, archive)))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(h.Name, ".yml") {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}
