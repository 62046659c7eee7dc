package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

func TestTheItemsOfARuleAreLimited(t *testing.T) {
	t.Parallel()
	// The items are spread over two selections, a mapping and a list of mappings. Each has two values, which do not count.
	rule := func(items int) string {
		var b strings.Builder
		b.WriteString("title: t\nlogsource: {category: c}\ndetection:\n  condition: 1 of s*\n  s1:\n    A: [1, 2]\n  s2:\n")
		for i := range items - 1 {
			fmt.Fprintf(&b, "    - B%d: [1, 2]\n", i)
		}
		return b.String()
	}
	if _, log := parse(t, rule(1024)); log.Len() != 0 {
		t.Errorf("just at the limit: %v", log.All())
	}
	for _, n := range []int{1025, 2000} {
		docs, log := parse(t, rule(n)+"---\n"+rule(1024))
		if len(docs) != 2 || !docs[0].Failed || docs[1].Failed || log.Len() != 1 {
			t.Fatalf("%d items: %v", n, log.All())
		}
		d := log.All()[0]
		if d.Code != diag.CodeTooManyItems || d.Pos.Line != 8+1023 || !strings.Contains(d.Msg, "at most 1024") {
			t.Errorf("%d items: %s", n, d)
		}
	}
}
