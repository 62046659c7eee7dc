package yamldoc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// keys returns a mapping with n keys.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: %d\n", i, i)
	}
	return b.String()
}

// aliasTower returns a list of which each member after the first holds the one before width times.
func aliasTower(levels, width int) string {
	var b strings.Builder
	b.WriteString("- &a0 x\n")
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, "- &a%d [%s]\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), width), ","))
	}
	return b.String()
}

func TestLimitsOfDocumentsAreExact(t *testing.T) {
	t.Parallel()
	lists := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		what, src string
		want      diag.Code
	}{
		{"64 lists", lists(64), ""},
		{"65 lists", lists(65), diag.CodeTooDeep},
		{"9000 lists", lists(9000), diag.CodeTooDeep},
		{"more lists than the reader takes", lists(20000), diag.CodeTooDeep},
		{"64 lists in a mapping", "a: " + lists(63), ""},
		{"65 levels with a mapping", "a: " + lists(64), diag.CodeTooDeep},
		{"a tower of 63 aliases in a list", aliasTower(63, 1), ""},
		{"a tower of 64 aliases in a list", aliasTower(64, 1), diag.CodeTooDeep},
		{"an alias as deep as it may be", "- &a " + lists(32) + "\n- " + strings.Repeat("[", 31) + "*a" + strings.Repeat("]", 31), ""},
		{"an alias one too deep", "- &a " + lists(32) + "\n- " + strings.Repeat("[", 32) + "*a" + strings.Repeat("]", 32), diag.CodeTooDeep},
		{"4096 keys", keys(4096), ""},
		{"4097 keys", keys(4097), diag.CodeTooManyKeys},
		{"40000 keys", keys(40000), diag.CodeTooManyKeys},
		{"4096 keys with a duplicate", keys(4095) + "k7: again\n", diag.CodeDuplicateKey},
		{"a billion laughs", aliasTower(10, 10), diag.CodeTooManyNodes},
		{"laughs without end", aliasTower(60, 10), diag.CodeTooManyNodes},
		// The anchored list has 999 nodes, each other list 1 + k times as many, and the root is one more.
		{"a million nodes by aliases", "- &a [" + strings.Repeat("1,", 997) + "1]\n- [" + strings.Repeat("*a,", 999) + "*a]\n", diag.CodeTooManyNodes},
		{"just below a million", "- &a [" + strings.Repeat("1,", 997) + "1]\n- [" + strings.Repeat("*a,", 998) + "*a]\n", ""},
		{"a million plain nodes", strings.Repeat("- 1\n", maxNodes-1), ""},
		{"a million and one", strings.Repeat("- 1\n", maxNodes), diag.CodeTooManyNodes},
		{"alias to itself", "&a [*a]", diag.CodeAliasCycle},
		{"alias to a parent", "a: &a\n  b:\n    - c: *a\n", diag.CodeAliasCycle},
		{"alias to a parent in a key", "&a {*a : b}", diag.CodeAliasCycle},
		{"the largest file", "a: " + strings.Repeat("x", MaxFileSize-4) + "\n", ""},
		{"a file too large", "a: " + strings.Repeat("x", MaxFileSize-3) + "\n", diag.CodeFileTooLarge},
		{"100 tag directives", strings.Repeat("# %TAG\n", 100) + "a: b\n", ""},
		{"101 tag directives", strings.Repeat("# %TAG\n", 101) + "a: b\n", diag.CodeInvalidYAML},
	} {
		if testing.Short() && len(c.src) > 1<<20 {
			continue
		}
		docs, log := parse(t, c.src)
		switch {
		case c.want == "" && len(log) > 0:
			t.Errorf("%s: reports %.300v", c.what, log)
		case c.want == "" && (len(docs) != 1 || docs[0].Root == nil):
			t.Errorf("%s: nothing read", c.what)
		case c.want != "" && (len(log) != 1 || log[0].Code != c.want):
			t.Errorf("%s: reports %.300v, want %s", c.what, log, c.want)
		}
	}
}

func TestLimitsLeaveTheOtherDocumentsAlone(t *testing.T) {
	t.Parallel()
	docs, log := parse(t, "a: 1\n---\n"+aliasTower(10, 10)+"---\n"+keys(5000)+"---\nb: 2\n")
	if got := renderAll(docs); got != "{a=integer:1} / failed / failed / {b=integer:2}" || len(log) != 2 {
		t.Errorf("got %s, reports %v", got, log)
	}
}

func TestMessagesQuoteLongKeysShortened(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 1000)
	_, log := parse(t, fmt.Sprintf("? %s\n: 1\n? %s\n: 2\n", long, long))
	if len(log) != 1 || len(log[0].Msg) > 300 {
		t.Errorf("reports %v", log)
	}
}
