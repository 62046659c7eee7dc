package rtlib

import (
	"strings"
	"testing"
)

func keyword(op Op, operands ...string) *Pred {
	return &Pred{Op: op, Field: AnyString, Strings: operands}
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	any1 := keyword(ContainsFold, "Needle")
	all := &Pred{Op: ContainsFold, Field: AnyString, Strings: []string{"OabVirtualDirectory", " -ExternalUrl "}, All: true}
	empty := keyword(ContainsFold, "")
	deep := func(n int) string { return strings.Repeat(`[`, n) + `"needle"` + strings.Repeat(`]`, n) }
	runHolds(t, []holds{
		{any1, `{"a":{"b":[{"c":"a NEEDLE"}]}}`, true}, {any1, `{"needle":1}`, false}, {any1, `{"a":"need","b":"le"}`, false},
		{any1, `["needle"]`, true}, {any1, `"needle"`, true}, {any1, `[1,2]`, false},
		{any1, deep(63), true}, {any1, deep(64), false},
		{keyword(ContainsFold, "4625"), `{"EventID":4625,"x":true}`, false},
		{keyword(GlobFold, "*foo*bar*"), `{"a":"foo\nbar"}`, true}, {keyword(GlobFold, "*foo*bar*"), `{"a":"foo","b":"bar"}`, false},
		{all, `{"a":"Set-OABVirtualDirectory","b":"x -externalurl y"}`, true}, {all, `{"a":"Set-OabVirtualDirectory"}`, false},
		{empty, `{"x":""}`, true}, {empty, `{"x":1}`, false}, {empty, `{}`, false},
		{keyword(ContainsFold, "größe"), `{"x":"DIE GRÖẞE"}`, true},
		{keyword(PrefixFold, "abc"), `{"a":"1-abc"}`, false}, {keyword(Regex, "^zz"), `{"x":"a","y":"zzz"}`, true},
		{Not{any1}, `{}`, true},
	})
}

func TestKeywordsInOtherShapes(t *testing.T) {
	t.Parallel()
	p := keyword(ContainsFold, "Needle")
	ev := NewEvent()
	for range 2 {
		ev.Reset(ShapeKV, []byte("k=v"))
		ev.PutPair("needle", "x")
		if p.Match(ev) {
			t.Error("a key is searched")
		}
		ev.Reset(ShapeKV, []byte("k=v"))
		ev.PutPair("a", "x")
		ev.PutPair("a", "a NEEDLE")
		for range 2 { // the second time from what the first gathered
			if !p.Match(ev) {
				t.Error("a value is not searched")
			}
		}
		ev.Reset(ShapePlain, []byte("a line with a NEEDLE in it"))
		if !p.Match(ev) {
			t.Error("the line is not searched")
		}
		ev.Reset(ShapePlain, nil)
		if p.Match(ev) || !keyword(ContainsFold, "").Match(ev) {
			t.Error("the empty line is not one empty string")
		}
	}
}
