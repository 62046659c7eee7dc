package extract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpressionsYieldTheirOutputsInOrder(t *testing.T) {
	t.Parallel()
	value := map[string]any{"hosts": []any{map[string]any{"name": "a", "up": true}, map[string]any{"name": "b"}}}
	for expr, want := range map[string][]any{
		".hosts[].name":                   {"a", "b"},
		".hosts[] | select(.up).name":     {"a"},
		".hosts | length":                 {2},
		"empty":                           nil,
		".nothing":                        {nil},
		"env | length":                    {0},
		`.hosts[0].name | test("^A";"i")`: {true},
	} {
		q, err := CompileJQ(expr)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Run(value)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", expr, err, diff)
		}
	}
}

func TestFaultsOfExpressionsAreErrors(t *testing.T) {
	t.Parallel()
	if _, err := CompileJQ(".a["); err == nil || !strings.Contains(err.Error(), `".a["`) {
		t.Errorf("a syntax error: %v", err)
	}
	if _, err := CompileJQ("input"); err == nil {
		t.Error("an expression that reads its input is accepted")
	}
	q, err := CompileJQ(".a.b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Run(map[string]any{"a": 1}); err == nil {
		t.Error("a run-time error is none")
	}
	endless, err := CompileJQ("repeat(1)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := endless.Run(nil); err == nil || !strings.Contains(err.Error(), "outputs") {
		t.Errorf("an endless expression: %v", err)
	}
}
