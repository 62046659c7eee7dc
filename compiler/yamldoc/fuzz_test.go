package yamldoc

import (
	"math"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// FuzzParse checks that no file makes Parse panic, and that the trees it returns keep their promises.
func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"", "\ufeff", "---\n---\n", "a: 1\n---\nb: [c\n", "a: &x [1, 0x1F, .5, ~, true]\nb: *x\n", "&a [*a]", "a: {b: 1, b: 2}\n",
		"? [a]\n: b\n", "a:\n\t- b\n", "a: |\r\n  x\r\n", "!!int 5", "!!str", "!<x> {a: b}", "%YAML 1.2\n---\na: b\n", "%TAG ! x\n--- !y z",
		"a: \"\\u00e9\\x41\"\n", "a: 'it''s'\n", "- - - a\n", "\xff\xfe", "a\x00b", "a: # c\n  b # d\n# e\n", "{a, b: , c}", "<<: *a",
		"title: x\nlogsource: {product: windows}\ndetection:\n  s:\n    Image|endswith: '\\x.exe'\n  condition: s\n",
		"a: 99999999999999999999999\nb: -0o7777777777777777777777777\nc: 1e999\n", "\u0085a\u2028: b\u2029",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		docs, _ := parse(t, string(src))
		for _, d := range docs {
			if d.Root != nil && d.Root.Kind == KindNull {
				t.Error("an empty document has a root")
			}
			checkTree(t, d, d.Root, map[*Node]bool{}, 0)
		}
	})
}

// checkTree fails the test if n or a node below it is not what its kind promises.
func checkTree(t *testing.T, d *Document, n *Node, seen map[*Node]bool, depth int) {
	t.Helper()
	if n == nil || seen[n] {
		return
	}
	seen[n] = true
	if n.Pos.Line < 1 || n.Pos.Col < 1 || n.Pos.Doc != d.Index || n.Pos.File != d.File {
		t.Errorf("bad position %+v", n.Pos)
	}
	if !n.IsScalar() {
		depth++
	}
	if depth > maxDepth {
		t.Error("too deep")
	}
	checkScalar(t, n)
	for _, item := range n.Items {
		checkTree(t, d, item, seen, depth)
	}
	first := map[string]diag.Pos{}
	for _, p := range n.Pairs {
		if _, ok := first[p.Key]; ok {
			t.Errorf("duplicate key %q", p.Key)
		}
		first[p.Key] = p.KeyPos
		if p.Value == nil || n.Get(p.Key) != p.Value {
			t.Errorf("no value under %q", p.Key)
		}
		checkTree(t, d, p.Value, seen, depth)
	}
}

// checkScalar fails the test if n has values that its kind does not have, or its text means something else.
func checkScalar(t *testing.T, n *Node) {
	t.Helper()
	switch {
	case n.Kind != KindMapping && n.Pairs != nil, n.Kind != KindSequence && n.Items != nil:
		t.Errorf("a %s with members", n.Kind)
	case n.Kind != KindBool && n.Bool, n.Kind != KindInt && n.Int != 0:
		t.Errorf("the %s %q with another kind's value", n.Kind, n.Text)
	case n.Kind != KindInt && n.Kind != KindFloat && n.Float != 0:
		t.Errorf("the %s %q with a number", n.Kind, n.Text)
	case n.Kind == KindInt && n.Float != float64(n.Int):
		t.Errorf("%q: integer %d and float %v", n.Text, n.Int, n.Float)
	}
	if n.Kind == KindString || !n.IsScalar() {
		return
	}
	again := Node{Text: n.Text}
	resolve(&again)
	same := again.Float == n.Float || math.IsNaN(again.Float) && math.IsNaN(n.Float)
	tagged := again.Kind == KindInt && n.Kind == KindFloat // !!float 5
	if !same || again.Bool != n.Bool || again.Kind != n.Kind && !tagged {
		t.Errorf("%q is %+v, then %+v", n.Text, n, again)
	}
}
