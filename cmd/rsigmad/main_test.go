package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// result is what a run left behind.
type result struct {
	status         int
	stdout, stderr string
}

// exec runs the program with args and the given standard input.
func exec(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	stdout, stderr := open("stdout"), open("stderr")
	if slices.Contains(args, "--exit-on-eof") {
		args = append(args, "--api-addr", "127.0.0.1:0")
	}
	status := run(args, strings.NewReader(stdin), stdout, stderr)
	read := func(f *os.File) string {
		f.Close()
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return result{status, read(stdout), read(stderr)}
}

// write puts a file into a directory of its own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	whoami = "title: whoami\nlogsource: {product: windows}\ndetection: {s: {Cmd|contains: whoami}, condition: s}\n"
	event  = `{"Cmd":"WHOAMI /all"}`
)

// titles returns the rule titles of detections, one a line.
func titles(t *testing.T, out string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(out) {
		var d struct {
			Title string `json:"rule_title"`
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, d.Title)
	}
	return all
}

func TestEvalPrintsDetectionsAndASummary(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", whoami)
	var zipped strings.Builder
	zw := gzip.NewWriter(&zipped)
	zw.Write([]byte(event + "\n" + event + "\n"))
	zw.Close()
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  int
	}{
		"an event on the command line":      {"", []string{"-e", event}, 1},
		"an event with commas":              {"", []string{"-e", `{"a":1,"Cmd":"whoami"}`}, 1},
		"an event in a file after @":        {"", []string{"-e", "@" + write(t, "e.json", event)}, 1},
		"lines on standard input":           {event + "\n\n{}\n" + event, nil, 2},
		"a file":                            {"", []string{write(t, "e.ndjson", event+"\n{}\n")}, 1},
		"a compressed file":                 {"", []string{write(t, "e.ndjson.gz", zipped.String())}, 2},
		"a compressed file by another name": {"", []string{write(t, "e.log", zipped.String())}, 2},
		"pretty-printed documents":          {"", []string{write(t, "e.json", "{\n \"Cmd\":\n \"whoami\"\n}\n{\n\"Cmd\": \"whoami\"}")}, 2},
		"an array of events":                {"", []string{write(t, "e.json", "[\n"+event+",\n"+event+"\n]\n")}, 2},
		"concatenated documents":            {"", []string{write(t, "e.json", event+event+event)}, 3},
		"a bad line in between":             {event + "\n{\"Cmd\":\n" + event, nil, 2},
	} {
		got := exec(t, c.stdin, append([]string{"eval", "-r", rules}, c.args...)...)
		if got.status != 0 || len(titles(t, got.stdout)) != c.want {
			t.Errorf("%s: status %d, detections %q, want %d\n%s", name, got.status, titles(t, got.stdout), c.want, got.stderr)
		}
		if !strings.Contains(got.stderr, "events, ") {
			t.Errorf("%s: no summary in %q", name, got.stderr)
		}
	}
}

func TestExitStatuses(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", whoami)
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"help":                              {[]string{"--help"}, 0},
		"help in the reference's spelling":  {[]string{"engine", "daemon", "--help"}, 0},
		"version":                           {[]string{"--version"}, 0},
		"nothing matches":                   {[]string{"eval", "-r", rules, "-e", "{}"}, 0},
		"an unknown flag":                   {[]string{"--nope"}, 3},
		"a rules path that is not there":    {[]string{"eval", "-r", rules + "x", "-e", "{}"}, 2},
		"no rule that loads":                {[]string{"eval", "-r", write(t, "bad.yml", "title: x\n"), "-e", "{}"}, 2},
		"an event file that is not there":   {[]string{"eval", "-r", rules, rules + "x"}, 3},
		"an unknown pipeline":               {[]string{"eval", "-r", rules, "-p", "sysmonn", "-e", "{}"}, 3},
		"a log source without routing":      {[]string{"eval", "-r", rules, "--event-logsource", "product=windows", "-e", "{}"}, 3},
		"a suppression that is no timespan": {[]string{"eval", "-r", rules, "--suppress", "5", "-e", "{}"}, 3},
		"an unknown event mode":             {[]string{"eval", "-r", rules, "--correlation-event-mode", "all", "-e", "{}"}, 3},
		"an unknown action":                 {[]string{"eval", "-r", rules, "--action", "x", "-e", "{}"}, 3},
		"no room for state":                 {[]string{"eval", "-r", rules, "--max-state-entries", "0", "-e", "{}"}, 3},
		"a log source without a value":      {[]string{"eval", "-r", rules, "--logsource-routing", "--event-logsource", "x", "-e", "{}"}, 3},
	} {
		if got := exec(t, "", c.args...); got.status != c.want {
			t.Errorf("%s: status %d, want %d\n%s", name, got.status, c.want, got.stderr)
		}
	}
}

func TestRoutingSkipsRulesOfAnotherProduct(t *testing.T) {
	t.Parallel()
	args := []string{"eval", "-r", write(t, "r.yml", whoami), "-e", event, "--logsource-routing"}
	if got := exec(t, "", append(args, "--event-logsource", "product=linux")...); got.stdout != "" {
		t.Errorf("a Windows rule fired on a Linux event: %s", got.stdout)
	}
	if got := exec(t, "", append(args, "--event-logsource", "product=WINDOWS")...); got.stdout == "" {
		t.Errorf("a Windows rule did not fire on a Windows event: %s", got.stderr)
	}
}

func TestStreamingReadsLinesUntilTheInputEnds(t *testing.T) {
	t.Parallel()
	in := event + "\r\nnot json\n\n" + strings.Repeat("x", 1<<20+1) + "\n{\"Cmd\":\"\xff whoami\"}"
	got := exec(t, in, "engine", "daemon", "-r", write(t, "r.yml", whoami), "--exit-on-eof", "--include-event", "--input-format", "json")
	if n := len(titles(t, got.stdout)); got.status != 0 || n != 2 {
		t.Errorf("status %d, %d detections, want 2\n%s", got.status, n, got.stderr)
	}
	if !strings.Contains(got.stdout, `"event":{"Cmd":"WHOAMI /all"}`) {
		t.Errorf("the event is missing: %s", got.stdout)
	}
	for _, want := range []string{`"line":2`, `"parse_errors":2`, `"events":2`, `"dead_letters":2`, `"interpreted":1`} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("the log lacks %s:\n%s", want, got.stderr)
		}
	}
}

func TestLinkedRulesServeExactlyTheRulesThatHaveNotChanged(t *testing.T) {
	t.Parallel()
	const dir = "../../rules/linux/sshd"
	all := exec(t, "", "eval", "-e", "{}")
	if all.status != 0 || !strings.Contains(all.stderr, " 0 interpreted)") || strings.Contains(all.stderr, "rules: 0 armed") {
		t.Errorf("without --rules: %s", all.stderr)
	}
	same := exec(t, "", "eval", "-r", dir, "-e", "{}")
	if !strings.Contains(same.stderr, "(6 compiled, 0 interpreted)") {
		t.Errorf("unchanged rules: %s", same.stderr)
	}
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Glob(filepath.Join(copied, "*[^t].yml"))
	if err != nil || len(rules) == 0 {
		t.Fatal(rules, err)
	}
	text, err := os.ReadFile(rules[0])
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "title: ", "title: Changed ", 1)
	if err := os.WriteFile(rules[0], []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := exec(t, "", "eval", "-r", copied, "-e", "{}"); !strings.Contains(got.stderr, "(5 compiled, 1 interpreted)") {
		t.Errorf("one changed title: %s", got.stderr)
	}
}

func TestCompiledAndInterpretedRulesPrintTheSame(t *testing.T) {
	t.Parallel()
	const events = "../../examples/events.ndjson"
	args := []string{"eval", "--no-provenance", "--match-detail", "full", "--include-event", "-r", "../../rules", events}
	compiled, interpreted := exec(t, "", args...), exec(t, "", append(args, "--interpret-all")...)
	if compiled.stdout != interpreted.stdout {
		t.Error("the engines differ")
	}
	if n := len(titles(t, compiled.stdout)); n < 10 {
		t.Errorf("only %d detections on the examples", n)
	}
	if linked := exec(t, "", "eval", "--no-provenance", "--match-detail", "full", "--include-event", events); linked.stdout != compiled.stdout {
		t.Error("the linked rules differ from the rules they were made from")
	}
}

func TestLinesOfEveryFormatAreRead(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", "title: field\ndetection: {s: {user: root}, condition: s}\nlogsource: {product: x}\n---\ntitle: word\ndetection: {s: [needle], condition: s}\nlogsource: {product: x}\n"+
		"---\ntitle: host\ndetection: {s: {hostname: gw}, condition: s}\nlogsource: {product: x}\n")
	for format, c := range map[string]struct {
		line string
		want []string
	}{
		"auto":   {`{"user":"root","x":"needle"}`, []string{"field", "word"}},
		"json":   {`{"user":"root"}`, []string{"field"}},
		"syslog": {"<34>Oct 11 22:14:15 gw su: a Needle", []string{"word", "host"}},
		"plain":  {`user=root needle`, []string{"word"}},
		"logfmt": {`user=ROOT msg="a needle"`, []string{"field", "word"}},
		"cef":    {`CEF:0|V|P|1|s|a needle|5|user=root`, []string{"field", "word"}},
	} {
		got := exec(t, c.line+"\n", "-r", rules, "--exit-on-eof", "--input-format", format)
		if diff := cmp.Diff(c.want, titles(t, got.stdout)); got.status != 0 || diff != "" {
			t.Errorf("%s: status %d, %s\n%s", format, got.status, diff, got.stderr)
		}
	}
	mixed := "<34>Oct 11 22:14:15 gw su: x\n{\"user\":\"root\"}\n{\"needle\"\n"
	got := exec(t, mixed, "-r", rules, "--exit-on-eof", "--include-event")
	if diff := cmp.Diff([]string{"host", "field", "word"}, titles(t, got.stdout)); diff != "" || !strings.Contains(got.stdout, `"event":{"_raw":"{\"needle\""}`) {
		t.Errorf("a mixed stream: %s\n%s", diff, got.stdout)
	}
	if bad := exec(t, "no cef\n{}\n", "-r", rules, "--exit-on-eof", "--input-format", "cef"); !strings.Contains(bad.stderr, `"parse_errors":2`) {
		t.Errorf("lines that are not CEF: %s", bad.stderr)
	}
	for _, args := range [][]string{{"--input-format", "xml"}, {"--syslog-tz", "0200"}, {"--syslog-tz", "+24:00"}, {"--syslog-strip-bom", "no"}} {
		if got := exec(t, "", append([]string{"-r", rules, "--exit-on-eof"}, args...)...); got.status != 3 {
			t.Errorf("%s: status %d", args, got.status)
		}
	}
}

const failures = `title: fail
name: fail
logsource: {category: c}
detection: {s: {A: fail}, condition: s}
---
title: Many
correlation: {type: event_count, rules: fail, group-by: U, timespan: 1m, condition: {gte: 2}}
`

func TestCorrelationsFireOverAStream(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", failures)
	in := func(times ...string) string {
		var b strings.Builder
		for i, at := range times {
			fmt.Fprintf(&b, "{\"A\":\"fail\",\"U\":\"bo\",\"id\":%d,\"@timestamp\":%q}\n", i, at)
		}
		return b.String()
	}
	minute := in("2026-11-20T10:00:00Z", "2026-11-20T10:00:59Z", "2026-11-20T10:01:30Z")
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  []string
	}{
		"sliding window":      {minute, nil, []string{"fail", "fail", "Many", "fail", "Many"}},
		"too far apart":       {in("2026-11-20T10:00:00Z", "2026-11-20T10:01:00Z"), nil, []string{"fail", "fail"}},
		"detections withheld": {minute, []string{"--no-detections"}, []string{"Many", "Many"}},
		"suppressed":          {minute, []string{"--suppress", "10m"}, []string{"fail", "fail", "Many", "fail"}},
		"reset":               {minute, []string{"--action", "reset"}, []string{"fail", "fail", "Many", "fail"}},
		"no usable time":      {in("x", "y"), []string{"--timestamp-fallback", "skip"}, []string{"fail", "fail"}},
		"time of day":         {in("x", "y"), nil, []string{"fail", "fail", "Many"}},
		"a time field":        {`{"A":"fail","t":1}` + "\n" + `{"A":"fail","t":90}`, []string{"--timestamp-field", "t"}, []string{"fail", "fail"}},
	} {
		for _, cmd := range [][]string{{"eval"}, {"--exit-on-eof"}} {
			got := exec(t, c.stdin, append(append(cmd, "-r", rules), c.args...)...)
			if diff := cmp.Diff(c.want, titles(t, got.stdout)); got.status != 0 || diff != "" {
				t.Errorf("%s, %s: status %d, %s\n%s", name, cmd, got.status, diff, got.stderr)
			}
		}
	}
	refs := exec(t, minute, "eval", "-r", rules, "--correlation-event-mode", "refs", "--no-provenance", "--no-detections")
	const want = `"group_key":[["U","bo"]],"aggregated_value":2.0,"timespan_secs":60,` +
		`"event_refs":[{"timestamp":1795168800,"id":"0"},{"timestamp":1795168859,"id":"1"}]}`
	if !strings.Contains(refs.stdout, want) || !strings.Contains(refs.stderr, " 0 detections, 2 correlations in ") {
		t.Errorf("got %s%s", refs.stdout, refs.stderr)
	}
}

// TestHostileInputsLoseNoSentinel runs the hostile inputs of the corpus and compares with its manifest.
func TestHostileInputsLoseNoSentinel(t *testing.T) {
	t.Parallel()
	const formats = "../../../shared/corpus/formats"
	text, err := os.ReadFile(filepath.Join(formats, "manifest.json"))
	if err != nil {
		t.Skipf("the corpus is not beside the repository: %v", err)
	}
	var manifest struct {
		Nasty map[string]struct {
			Sentinels *int   `json:"sentinels"`
			Expect    string `json:"expect"`
		} `json:"nasty"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	rules := write(t, "r.yml", "title: sentinel\nlogsource: {category: c}\ndetection: {s: {sentinel: '*'}, condition: s}\n")
	// A line with a byte order mark in the middle of a file is counted as invalid, which the manifest allows.
	exceptions := map[string]int{"bom_midfile.ndjson": 2, "pretty_printed.json": 2, "cr_only.ndjson": 3}
	files := 0
	for name, m := range manifest.Nasty {
		got := exec(t, "", "eval", "-r", rules, filepath.Join(formats, "nasty", name))
		n := len(titles(t, got.stdout))
		again := exec(t, "", "eval", "-r", rules, filepath.Join(formats, "nasty", name))
		if again.stdout != got.stdout {
			t.Errorf("%s: the second run differs", name)
		}
		want, ok := exceptions[name]
		if !ok && m.Sentinels != nil {
			want, ok = *m.Sentinels, true
		}
		if ok && n != want {
			t.Errorf("%s: %d sentinels, want %d (%s)\n%s", name, n, want, m.Expect, got.stderr)
		}
		if strings.Contains(m.Expect, "error is reported") && got.status == 0 {
			t.Errorf("%s: no error is reported", name)
		}
		files++
	}
	if files < 40 {
		t.Errorf("only %d hostile files", files)
	}
	t.Logf("%d hostile files", files)
}
