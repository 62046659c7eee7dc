package conformance

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mixed has cases that pass and fail.
const mixed = `version: 1
suite: mixed
bases:
  bad: |
    title: bad
    logsource: {category: t}
    detection:
      s: {a|contians: 1}
      condition: s
cases:
  - name: right
    sel: {Image|endswith: '\net.exe'}
    events:
      - {event: {Image: 'C:\NET.exe'}, match: true, selections: [sel]}
      - {event: {Image: 'C:\x'}, rules: []}
  - name: wrong match
    sel: {a: 1}
    events:
      - {event: {a: 1}, match: true}
      - {event: {a: 2}, match: true}
      - {event: {a: 1}, match: false}
      - {event: {a: 1}, rules: [x]}
      - {event: {a: 1}, match: true, selections: [x]}
  - name: wrong rule
    base: bad
    events: [{event: {}, match: true}]
  - name: expected error
    base: bad
    error: UNKNOWN modifier
  - name: other error
    base: bad
    error: no such thing
  - name: no warning
    sel: {a: 1}
    warning: anything
`

func runMixed(t *testing.T, engine string) *Report {
	t.Helper()
	p := filepath.Join(t.TempDir(), "mixed.yml")
	if err := os.WriteFile(p, []byte(mixed), 0o600); err != nil {
		t.Fatal(err)
	}
	files, log := LoadFiles([]string{p})
	for _, d := range log.All() {
		t.Fatal(d)
	}
	rep, err := Run(t.Context(), files, Options{Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestTheReportSaysWhatFailedAndWhere(t *testing.T) {
	t.Parallel()
	rep := runMixed(t, "interpreted")
	if n := rep.Counts(); n.Cases != 6 || n.Passed != 2 || n.Failed != 4 || n.Events != 7 {
		t.Errorf("counts %+v", n)
	}
	var b strings.Builder
	if err := rep.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"mixed.yml:11:5: right (interpreted): 2 events\n",
		"mixed.yml:16:5: wrong match (interpreted)\n",
		"mixed.yml:20:9: event 1: expected a match, got none\n",
		"mixed.yml:21:9: event 2: expected no match, got [\"wrong match\"]\n",
		"mixed.yml:22:9: event 3: expected the rules [\"x\"], got [\"wrong match\"]\n",
		"mixed.yml:23:9: event 4: expected the selections [\"x\"], got [\"sel\"]\n",
		"mixed.yml:8:1: unexpected error: ",
		"expected an error with \"no such thing\", got \n",
		"expected a warning with \"anything\", got none\n",
		"6 cases: 2 passed, 4 failed; 7 events\n",
		"total",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, b.String())
		}
	}
}

func TestJUnitCountsTheCases(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := runMixed(t, "").WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 6 || got.Failures != 4 || len(got.Suites) != 1 || len(got.Suites[0].Cases) != 6 {
		t.Fatalf("%s", b.String())
	}
	c := got.Suites[0].Cases[1]
	if c.Name != "wrong match" || c.ClassName != "mixed" || c.Line != 16 || !strings.Contains(c.Failure.Message, "event 1") {
		t.Errorf("%+v", c)
	}
}

func TestTheCompiledEngineReportsWhatTheInterpretedDoes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	rep := runMixed(t, "both")
	if len(rep.Suites) != 2 {
		t.Fatalf("%d suites, want 2", len(rep.Suites))
	}
	a, b := rep.Suites[0], rep.Suites[1]
	if a.Counts() != b.Counts() || a.Counts().Events != 7 {
		t.Errorf("interpreted %s; compiled %s", a.Counts(), b.Counts())
	}
}

func TestTheCompiledEngineNeedsTheGoCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	files, _ := LoadFiles([]string{filepath.Join(vectorsDir, "conditions.yml")})
	_, err := Run(t.Context(), files, Options{Engine: "compiled"})
	if !errors.Is(err, ErrNoGo) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownEngineIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Run(t.Context(), nil, Options{Engine: "fast"}); err == nil {
		t.Error("no error")
	}
}
