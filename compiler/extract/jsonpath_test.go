package extract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONPathSelectsNodes(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal([]byte(`{"a":[{"n":1},{"n":2,"x":"y"},{"n":3}],"b":{"c":null}}`), &doc); err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]string{
		`$.a[*].n`:          `[1,2,3]`,
		`$.a[-1].n`:         `[3]`,
		`$.a[0:2].n`:        `[1,2]`,
		`$.a[?(@.n > 1)].n`: `[2,3]`,
		`$.a[?@.x].n`:       `[2]`,
		`$.b.c`:             `[null]`,
		`$.none`:            `null`,
		`$..n`:              `[1,2,3]`,
	} {
		p, err := CompileJSONPath(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := p.Run(doc)
		text, _ := json.Marshal(got)
		if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", expr, err, diff)
		}
	}
	var exact any
	dec := json.NewDecoder(strings.NewReader(`{"a":[{"n":1},{"n":2.5},{"n":12345678901234567890}]}`))
	dec.UseNumber()
	if err := dec.Decode(&exact); err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]string{
		`$.a[?(@.n == 1)].n`: `[1]`,
		`$.a[?(@.n > 2)].n`:  `[2.5]`,
		`$.a[*].n`:           `[1,2.5,12345678901234567890]`,
	} {
		p, err := CompileJSONPath(expr)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := p.Run(exact)
		text, _ := json.Marshal(got)
		if diff := cmp.Diff(want, string(text)); diff != "" {
			t.Errorf("%s, numbers as they are written: %s", expr, diff)
		}
	}
	for _, bad := range []string{"", "a.b", "$.a[", "$.a[?(@.n >]"} {
		if _, err := CompileJSONPath(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
