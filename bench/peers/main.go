// Command peers runs the reference engine beside ours: the same rules over the same events, one after the other in one run. It
// prints CPU time and speed of both, and every rule whose number of detections differs, with the decision of
// sigma-language.md section 19 that accounts for it as far as explained.go knows one.
//
//	go run ./bench/peers -rules RULES -reference rsigma -ours bin/rsigmad FILE.ndjson…
//
// The reference is installed with "cargo install --locked rsigma --version 0.21.0". The tool is no part of the tests.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	rules := flag.String("rules", "rules", "rules directory")
	reference := flag.String("reference", "rsigma", "reference binary")
	ours := flag.String("ours", "bin/rsigmad", "our binary")
	flag.Parse()
	constructs := readConstructs(*rules)
	fmt.Println("| events | reference CPU s | ours CPU s | ratio | reference detections | ours | rules that differ | explained |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var open []string
	for _, file := range flag.Args() {
		ref := run(*reference, "engine", "eval", "-q", "-r", *rules, "-e", "@"+file)
		own := run(*ours, "eval", "-q", "-r", *rules, file)
		differing, explained := 0, 0
		for _, title := range titles(ref, own) {
			if ref.hits[title] == own.hits[title] {
				continue
			}
			differing++
			mark := explain(constructs[title])
			if mark != "" {
				explained++
			}
			open = append(open, fmt.Sprintf("%s: %q: reference %d, ours %d %s", filepath.Base(file), title, ref.hits[title], own.hits[title], mark))
		}
		fmt.Printf("| %s | %.2f | %.2f | %.1f | %d | %d | %d | %d |\n", filepath.Base(file), ref.cpu.Seconds(), own.cpu.Seconds(),
			ref.cpu.Seconds()/own.cpu.Seconds(), ref.total, own.total, differing, explained)
	}
	fmt.Println()
	for _, line := range open {
		fmt.Println(line)
	}
}

// outcome is what one engine did with one file.
type outcome struct {
	cpu   time.Duration // user and system, of the whole process, load time included
	hits  map[string]int
	total int
}

func run(name string, args ...string) outcome {
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %s: %v\n", name, err)
	}
	o := outcome{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), hits: map[string]int{}}
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var d struct {
			Title string `json:"rule_title"`
		}
		if json.Unmarshal(lines.Bytes(), &d) == nil && d.Title != "" {
			o.hits[d.Title]++
			o.total++
		}
	}
	return o
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

// readConstructs returns the text of each rule by its title.
func readConstructs(dir string) map[string]string {
	out := map[string]string{}
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
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
	return out
}
