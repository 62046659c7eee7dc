// Command peers runs the reference engine beside ours: the same rules over the same events, one after the other in one run. It
// prints the speed of both and every rule whose number of detections differs, with the decision of sigma-language.md section 19
// that accounts for it as far as explanations.go knows one. run.sh builds what it needs. The tool is no part of the tests.
//
//	go run ./bench/peers -rules RULES -reference rsigma -ours bin/rsigmad FILE.ndjson[.gz]…
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	rules := flag.String("rules", "rules", "rules directory")
	reference := flag.String("reference", "rsigma", "reference binary")
	ours := flag.String("ours", "bin/rsigmad", "our binary")
	events := flag.Int("events", 100_000, "events of each file to run, by repeating it: less work leaves the figures to chance")
	flag.Parse()
	if err := compare(*rules, *reference, *ours, *events, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %v\n", err)
		os.Exit(1)
	}
}

// compare runs both engines over each file and prints a table and the differences.
func compare(rules, reference, ours string, events int, files []string) error {
	dir, err := os.MkdirTemp("", "peers-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	constructs, err := readRules(rules)
	if err != nil {
		return err
	}
	ref := engine{reference, func(file string) []string { return []string{"engine", "eval", "-q", "-r", rules, "-e", "@" + file} }}
	own := engine{ours, func(file string) []string { return []string{"eval", "-q", "-r", rules, file} }}
	fmt.Println("| events | reference events/s | ours events/s | ratio | reference detections | ours | rules that differ | explained |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var differences []string
	for _, file := range files {
		lane, err := newLane(file, dir, events)
		if err != nil {
			return err
		}
		a, err := ref.measure(lane)
		if err != nil {
			return err
		}
		b, err := own.measure(lane)
		if err != nil {
			return err
		}
		differing, explained := 0, 0
		for _, title := range titles(a, b) {
			if a.hits[title] == b.hits[title] {
				continue
			}
			differing++
			mark := explain(constructs[title])
			if mark != "" {
				explained++
			}
			differences = append(differences, fmt.Sprintf("%s: %q: reference %d, ours %d %s", lane.name, title, a.hits[title], b.hits[title], mark))
		}
		fmt.Printf("| %s | %.0f | %.0f | %.1f | %d | %d | %d | %d |\n", lane.name, a.rate, b.rate, b.rate/a.rate, a.total, b.total, differing, explained)
	}
	fmt.Println()
	for _, line := range differences {
		fmt.Println(line)
	}
	return nil
}

func titles(a, b outcome) []string {
	var all []string
	for t := range a.hits {
		all = append(all, t)
	}
	for t := range b.hits {
		all = append(all, t)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readRules returns the text of each rule by its title.
func readRules(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".yml") {
			return err
		}
		text, err := os.ReadFile(p)
		for line := range strings.Lines(string(text)) {
			if title, ok := strings.CutPrefix(line, "title: "); ok {
				out[strings.Trim(strings.TrimSpace(title), `'"`)] = string(text)
				break
			}
		}
		return err
	})
	return out, err
}

// countTitles counts detections by the title of their rule.
func countTitles(out []byte) (hits map[string]int, total int) {
	hits = map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var d struct {
			Title string `json:"rule_title"`
		}
		if json.Unmarshal(lines.Bytes(), &d) == nil && d.Title != "" {
			hits[d.Title]++
			total++
		}
	}
	return hits, total
}
