package synth

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Values of events are nil, bool, int64, float64, string, []any, map[string]any, literal, or absent for a field that is not there.
type absent struct{}

// literal is JSON text.
type literal string

// appendJSON appends v; keys are sorted.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case literal:
		return append(dst, v...)
	case string:
		return appendString(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, x := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, x)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, k), ':')
			dst = appendJSON(dst, v[k])
		}
		return append(dst, '}')
	default:
		panic(fmt.Sprintf("synth: no value of an event: %T", v))
	}
}

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// object puts values under their fields.
func (r *Rule) object(values map[rtlib.Field]any) map[string]any {
	root := map[string]any{}
	for _, fromBack := range []bool{false, true} { // once the arrays are there
		for _, f := range slices.Sorted(maps.Keys(values)) {
			if v := values[f]; v != any(absent{}) && countsFromBack(f) == fromBack {
				r.put(root, f, v)
			}
		}
	}
	return root
}

// countsFromBack reports whether the path of f selects an element from the end of an array.
func countsFromBack(f rtlib.Field) bool {
	p := f.ID().Path()
	return p != nil && slices.ContainsFunc(p.Steps, func(s rtlib.Step) bool {
		return slices.ContainsFunc(s.Index, func(i int) bool { return i < 0 })
	})
}

// put puts v under f: text of no field under a key that no field reads, a path with brackets where it leads, all else under the
// whole name, which rtlib looks for first.
func (r *Rule) put(root map[string]any, f rtlib.Field, v any) {
	p := f.ID().Path()
	switch {
	case f == rtlib.AnyString:
		root[r.free] = v
	case p == nil:
		root[string(selfTwin.Name())] = v
	case isIndexed(p):
		putSteps(root, p.Steps, v)
	default:
		root[p.Name] = v
	}
}

func putSteps(c any, steps []rtlib.Step, v any) any {
	m, ok := c.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[steps[0].Key] = putIndex(m[steps[0].Key], steps[0].Index, steps[1:], v)
	return m
}

func putIndex(c any, index []int, rest []rtlib.Step, v any) any {
	if len(index) == 0 {
		if len(rest) == 0 {
			return v
		}
		return putSteps(c, rest, v)
	}
	const most = 1000 // elements; what lies further out is not made
	list, _ := c.([]any)
	i := index[0]
	if i < 0 {
		for len(list) < min(-i, most) || len(rest) == 0 && len(list) < most && list[len(list)+i] != nil {
			list = append(list, nil)
		}
		i += len(list)
	}
	if i < 0 || i >= most {
		return list
	}
	for len(list) <= i {
		list = append(list, nil)
	}
	list[i] = putIndex(list[i], index[1:], rest, v)
	return list
}

// clone copies the objects and arrays of v.
func clone(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	default:
		return v
	}
}
