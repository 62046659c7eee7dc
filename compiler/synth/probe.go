package synth

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// probes changes the value that each leaf below n looks at, in an event in which the leaf decides.
func (m *maker) probes(n *node) {
	for _, t := range n.terms {
		m.probes(t)
	}
	base := m.bases[n]
	if base == nil || !m.more {
		return
	}
	if n.kind == leafNode {
		m.probeLeaf(n, base)
	} else if n.kind == eachNode {
		m.probeArray(n, base)
	}
}

func (m *maker) probeLeaf(n *node, base map[string]any) {
	_, at, ok := m.locate(base, n)
	if !ok {
		return
	}
	v, there := at.get()
	if !there {
		v = absent{}
	}
	list := append(m.derived(n.pred), near(v)...)
	for _, w := range list {
		copied, at, ok := m.locate(base, n)
		if !ok {
			return
		}
		at.set(w)
		m.try(copied, -1)
	}
}

// probeArray varies an array: none, empty, null, twice the member, a member that has nothing, no array at all.
func (m *maker) probeArray(n *node, base map[string]any) {
	_, at, ok := m.locate(base, n)
	if !ok {
		return
	}
	v, _ := at.get()
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return
	}
	one := list[0]
	for _, w := range []any{absent{}, nil, []any{}, []any{one, one}, []any{one, map[string]any{}}, []any{map[string]any{}, one}, []any{"zz", one},
		map[string]any{}, one, "zz", []any{nil}, []any{[]any{one}}} {
		copied, at, ok := m.locate(base, n)
		if !ok {
			return
		}
		at.set(w)
		m.try(copied, -1)
	}
}

// spot is a place in an event.
type spot struct {
	object map[string]any
	key    string
	list   []any
	index  int
}

func (s spot) get() (any, bool) {
	if s.list != nil {
		return s.list[s.index], true
	}
	v, ok := s.object[s.key]
	return v, ok
}

func (s spot) set(v any) {
	switch {
	case s.list != nil && v == any(absent{}):
		s.list[s.index] = nil
	case s.list != nil:
		s.list[s.index] = v
	case v == any(absent{}):
		delete(s.object, s.key)
	default:
		s.object[s.key] = v
	}
}

// locate copies base and finds where n, a leaf or an array block, looks: inside array blocks in their first member. It does not
// find everything.
func (m *maker) locate(base map[string]any, n *node) (map[string]any, spot, bool) {
	root := clone(base).(map[string]any)
	at := root
	var blocks []*node
	for p := n.parent; p != nil; p = p.parent {
		if p.kind == eachNode {
			blocks = append([]*node{p}, blocks...)
		}
	}
	w := want{n: n}
	field := w.field()
	for i, b := range blocks {
		s, ok := m.spot(at, b.each.Field)
		if !ok {
			return nil, spot{}, false
		}
		v, _ := s.get()
		list, ok := v.([]any)
		if b.each.Quant == rtlib.EachOne {
			list, ok = []any{v}, true
			if i == len(blocks)-1 && field == rtlib.Self {
				return root, s, true
			}
		}
		if !ok || len(list) == 0 {
			return nil, spot{}, false
		}
		if i == len(blocks)-1 && field == rtlib.Self {
			return root, spot{list: list}, true
		}
		if at, ok = list[0].(map[string]any); !ok {
			return nil, spot{}, false
		}
	}
	s, ok := m.spot(at, field)
	return root, s, ok
}

// isIndexed reports whether a path selects elements of arrays.
func isIndexed(p *rtlib.Path) bool {
	return slices.ContainsFunc(p.Steps, func(s rtlib.Step) bool { return len(s.Index) > 0 })
}

// spot finds a field in an object.
func (m *maker) spot(at map[string]any, f rtlib.Field) (spot, bool) {
	if f == rtlib.AnyString {
		return spot{object: at, key: m.free}, true
	}
	p := f.ID().Path()
	if p == nil {
		return spot{}, false
	}
	out := spot{object: at, key: p.Name}
	if !isIndexed(p) {
		return out, true
	}
	for i, step := range p.Steps {
		out = spot{object: at, key: step.Key}
		for _, n := range step.Index {
			v, _ := out.get()
			list, ok := v.([]any)
			if n < 0 {
				n += len(list)
			}
			if !ok || n < 0 || n >= len(list) {
				return spot{}, false
			}
			out = spot{list: list, index: n}
		}
		if i == len(p.Steps)-1 {
			return out, true
		}
		v, _ := out.get()
		var ok bool
		if at, ok = v.(map[string]any); !ok {
			return spot{}, false
		}
	}
	return spot{}, false
}

// mostDerived bounds how many operands probes are derived from.
const mostDerived = 4

// derived returns values around the operands of p.
func (m *maker) derived(p *rtlib.Pred) (out []any) {
	for i := range min(len(p.Ints)+len(p.Floats), mostDerived) {
		if p.Part == rtlib.PartInvalid {
			out = append(out, around(p, i)...)
		}
	}
	for i, s := range p.Strings {
		if i >= mostDerived {
			break
		}
		switch {
		case p.Op == rtlib.CIDR:
			out = append(out, addresses(s)...)
		case p.Op == rtlib.Regex || p.Op >= rtlib.Glob && p.Op <= rtlib.GlobDashFold:
			for try := 1; try < 4; try++ {
				if piece, ok := pieceOf(p.Op, s, try, m.rng, nil); ok {
					out = append(out, piece.text)
				}
			}
		}
	}
	return out
}

// near returns values that differ little from v.
func near(v any) []any {
	out := []any{absent{}, nil, "", []any{v}, []any{"zz", v}, map[string]any{"k": v}}
	switch v := v.(type) {
	case absent:
		return []any{nil, "", "zz", int64(0), []any{}, true}
	case string:
		out = append(out, v+"x", "x"+v, "x"+v+"x", v+" ", swapCase(v), longCase(v))
		if len(v) > 0 {
			_, first := utf8.DecodeRuneInString(v)
			_, last := utf8.DecodeLastRuneInString(v)
			out = append(out, v[first:], v[:len(v)-last])
			if rs := []rune(v); len(rs) > 2 {
				rs[len(rs)/2] = 'q'
				out = append(out, string(rs))
			}
		}
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			out = append(out, n)
		}
	case int64:
		out = append(out, strconv.FormatInt(v, 10), literal(strconv.FormatInt(v, 10)+".0"), literal(strconv.FormatInt(v, 10)+"e0"), v+1, v-1)
	case float64:
		out = append(out, strconv.FormatFloat(v, 'g', -1, 64))
	case bool:
		out = append(out, !v, strconv.FormatBool(v), int64(1))
	}
	return out
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// longCase replaces letters by others that fold to them and are longer: the Kelvin sign, the long s.
func longCase(s string) string {
	return strings.NewReplacer("k", "\u212a", "K", "\u212a", "s", "\u017f", "S", "\u017f").Replace(s)
}
