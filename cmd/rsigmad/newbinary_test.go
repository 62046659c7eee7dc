package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/app"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

// rulesMark ends a program that stands for one with other rules: they are behind the copied program, and their length before the mark.
const rulesMark = "rsigmad test: rules"

// linkedInto returns the rules of such a program, those of every other one if it is none. Its rules are interpreted; what counts is that
// it calls them its own.
func linkedInto(program string) app.Rules {
	f, err := os.Open(program)
	if err != nil {
		return linked()
	}
	defer f.Close()
	info, err := f.Stat()
	tail := make([]byte, 8+len(rulesMark))
	if err != nil {
		return linked()
	}
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil || string(tail[8:]) != rulesMark {
		return linked()
	}
	text := make([]byte, binary.BigEndian.Uint64(tail))
	if _, err := f.ReadAt(text, info.Size()-int64(len(tail)+len(text))); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "rsigmad")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "r.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		panic(err)
	}
	gen, _, err := reload.Load(reload.Options{Rules: []string{path}})
	if err != nil {
		panic(err)
	}
	r := app.Rules{Detections: gen.Set.Rules()}
	for i := range gen.Correlations.Rules() {
		r.Correlations = append(r.Correlations, gen.Correlations.Rule(i))
	}
	return r
}

// link puts a program with the given rules to path, as a build does that has it there all at once.
func link(t *testing.T, path, rules string) {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program = append(program, rules...)
	program = binary.BigEndian.AppendUint64(program, uint64(len(rules)))
	replace(t, path, append(program, rulesMark...), 0o755)
}

// replace writes a file beside path and renames it.
func replace(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path+".new", mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// watched is what the status says of the program that is waited for.
type watched struct {
	PID         int
	Compiled    int `json:"rules_compiled"`
	Interpreted int `json:"rules_interpreted"`
	Reload      struct{ Generation int }
	Upgrade     struct {
		Watched string
		RuleSet string `json:"last_ruleset"`
		Result  string `json:"last_result"`
		Error   string `json:"last_error"`
		At      string
	}
}

// waitStatus waits until the status is as it should be.
func (p *process) waitStatus(what string, ok func(watched) bool) watched {
	p.t.Helper()
	var body string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); pause() {
		var st watched
		_, body = p.get("/api/v1/status")
		if json.Unmarshal([]byte(body), &st) == nil && ok(st) {
			return st
		}
	}
	p.t.Fatalf("%s: waited in vain: %s\n%s", what, body, p.log())
	return watched{}
}

func (p *process) waitResult(result, text string) watched {
	p.t.Helper()
	return p.waitStatus(result, func(st watched) bool {
		return st.Upgrade.Result == result && strings.Contains(st.Upgrade.Error, text)
	})
}

// TestANewProgramTakesOverOnceItHasTheRulesThatAreLoaded plays two rounds of changed rules and new programs. Before the first, programs come
// that must not be taken.
func TestANewProgramTakesOverOnceItHasTheRulesThatAreLoaded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	path := filepath.Join(t.TempDir(), "rsigmad")
	rules := write(t, "r.yml", everyFifth)
	p := launch(t, "-r", rules, "--input", "http", "--watch-binary", path).ready()
	first := p.waitStatus("start", func(st watched) bool {
		return st.Interpreted == 2 && st.Upgrade.Watched == path && st.Upgrade.Result == ""
	})
	post := func(from, to int) {
		t.Helper()
		if status, n := accepted(t, p.url("/api/v1/events?sync=true"), strings.NewReader(events(from, to))); status != 200 || n != to-from+1 {
			t.Fatalf("status %d, %d accepted", status, n)
		}
	}
	post(1, 3)

	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		content []byte
		mode    os.FileMode
		want    string
	}{
		{[]byte("#!/bin/sh\necho broken >&2\nexit 3\n"), 0o755, "exit status 3: broken"},
		{[]byte("#!/bin/sh\necho '{}'\n"), 0o755, "does not say which rules"},
		{program[:len(program)/2], 0o755, "version: "},
		{program, 0o644, "not executable"},
		{program, 0o757, "everybody can write to it"},
	} {
		replace(t, path, bad.content, bad.mode)
		p.waitResult("failed", bad.want)
	}
	link(t, path, strings.Replace(everyFifth, "gte: 5", "gte: 6", 1))
	other := p.waitResult("other_rules", "")
	if other.PID != first.PID || other.Upgrade.RuleSet == "" {
		t.Errorf("%+v", other)
	}
	for range 2 { // nor is it after a reload that changes nothing
		if status, body := p.request("POST", "/api/v1/reload?wait=true", nil); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	time.Sleep(2 * time.Second)
	if st := p.waitResult("other_rules", ""); st.PID != first.PID || p.count("The new program has other rules than those that are loaded; it is not taken before they are loaded") != 1 {
		t.Errorf("%+v\n%s", st, p.log())
	}

	link(t, path, everyFifth)
	second := p.waitResult("taken_over", "")
	if second.PID == first.PID || second.Interpreted != 0 || second.Compiled != 2 || second.Upgrade.RuleSet == other.Upgrade.RuleSet {
		t.Errorf("%+v", second)
	}
	post(4, 5)

	// The program is there before the rules are.
	changed := everyFifth + "---\ntitle: third\ndetection: {s: {Cmd|contains: whoami}, condition: s}\n"
	link(t, path, changed)
	if st := p.waitResult("other_rules", ""); st.PID != second.PID {
		t.Errorf("%+v", st)
	}
	if err := os.WriteFile(rules, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	third := p.waitStatus("another process", func(st watched) bool { return st.PID != second.PID && st.Upgrade.Result == "taken_over" })
	if third.Interpreted != 0 || third.Compiled != 3 {
		t.Errorf("%+v", third)
	}
	post(6, 10)
	if lines := p.output(12); len(lines) != 12 || everyFifthFault(lines, 10) != nil {
		t.Errorf("%d results, %v", len(lines), everyFifthFault(lines, 10))
	}
	if n := p.count(takenOver); n != 2 {
		t.Errorf("%d hand-overs\n%s", n, p.log())
	}
}

// TestANewProgramThatDiesIsTriedOnce has it die after the old one has let go of everything.
func TestANewProgramThatDiesIsTriedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rsigmad")
	p := launchWith(t, []string{crashVariable + "=received:1"}, "-r", write(t, "r.yml", everyFifth), "--input", "http", "--watch-binary", path).ready()
	pid := p.pid()
	link(t, path, everyFifth)
	p.waitResult("failed", "the new process has ended")
	for range 2 {
		syscall.Kill(pid, syscall.SIGHUP)
		time.Sleep(1500 * time.Millisecond)
	}
	st := p.waitResult("failed", "the new process has ended")
	if n := p.count("Handing over to a new process"); n != 1 || st.PID != pid || st.Interpreted != 2 {
		t.Errorf("%d hand-overs, %+v\n%s", n, st, p.log())
	}
	if status, n := accepted(t, p.url("/api/v1/events?sync=true"), bytes.NewReader([]byte(events(1, 5)))); status != 200 || n != 5 {
		t.Errorf("status %d, %d accepted", status, n)
	}
}
