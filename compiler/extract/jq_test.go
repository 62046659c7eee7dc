package extract

import (
	"strings"
	"testing"
	"time"

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
	if _, err := endless.Within(time.Minute, 1000).Run(nil); err == nil || !strings.Contains(err.Error(), "outputs") {
		t.Errorf("an endless expression: %v", err)
	}
}

func TestWhatIsOutsideIsOutOfReach(t *testing.T) {
	t.Parallel()
	t.Run("compile", func(t *testing.T) {
		for _, expr := range []string{"input", "inputs", "debug", "stderr", `import "x" as y; .`, `include "x"; .`, "input_filename", "$__prog_args"} {
			q, err := CompileJQ(expr)
			if err != nil {
				continue
			}
			if out, err := q.Run(nil); err == nil && len(out) > 0 && out[0] != nil {
				t.Errorf("%s gives %v", expr, out)
			}
		}
	})
	for _, expr := range []string{"env", "$ENV"} {
		q, err := CompileJQ(expr)
		if err != nil {
			continue
		}
		if out, err := q.Run(nil); err == nil && len(out) == 1 {
			if m, ok := out[0].(map[string]any); !ok || len(m) > 0 {
				t.Errorf("%s gives %v", expr, out)
			}
		}
	}
	for _, expr := range []string{"halt", "halt_error"} {
		if q, err := CompileJQ(expr); err == nil {
			q.Run("x") // it must return
		}
	}
	q, err := CompileJQ("range(infinite)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Within(50*time.Millisecond, 1<<40).Run(nil); err == nil {
		t.Error("an endless program came to an end")
	}
	if _, err := q.Within(time.Minute, 10).Run(nil); err == nil {
		t.Error("more outputs than allowed")
	}
}
