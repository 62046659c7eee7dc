package driver_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/interp"
)

const rules = `title: one
logsource: {product: windows}
detection: {sel: {a: 1}, condition: sel}
---
title: two
logsource: {product: linux}
detection: {sel: {a: 1}, condition: sel}
`

func evaluator(t *testing.T) *driver.Evaluator {
	t.Helper()
	prog, log := compiler.Compile([]compiler.Source{
		{Name: "s/x.yml", Data: []byte(rules)},
		{Name: "s/y.yml", Data: []byte(rules)},
	}, compiler.Options{})
	for _, d := range log.All() {
		t.Fatal(d)
	}
	return driver.New(driver.Rules{Detections: interp.Rules(prog)}, driver.Options{})
}

func TestServeAnswersEveryJobOnALine(t *testing.T) {
	t.Parallel()
	jobs := `{"case":"s/x.yml","event":"{\"a\":1}"}
{"case":"s/x.yml","event":"{\"a\":1}","logsource":{"Product":"Windows"},"routing":true}
{"case":"s/x.yml","event":"{\"a\":1}","logsource":{"Product":"Windows"}}
{"case":"s/x.yml","event":"{"}
{"case":"s/none.yml","event":"{\"a\":1}"}
{"event":"{\"a\":1}"}`
	var out strings.Builder
	if err := evaluator(t).Serve(strings.NewReader(jobs), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines, want 6:\n%s", len(lines), out.String())
	}
	var got []int
	for _, line := range lines {
		got = append(got, strings.Count(line, `"rule":`))
	}
	if diff := cmp.Diff([]int{2, 1, 2, 0, 0, 4}, got); diff != "" {
		t.Errorf("matches per line: %s\n%s", diff, out.String())
	}
	if !strings.Contains(lines[3], `"error":`) {
		t.Errorf("a broken event is no error: %s", lines[3])
	}
}

func TestABrokenJobEndsTheService(t *testing.T) {
	t.Parallel()
	if err := evaluator(t).Serve(strings.NewReader("{}\n{\n"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}
