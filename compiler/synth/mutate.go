package synth

import (
	"maps"
	"slices"
	"strings"
)

// mutation shows a random change to one of the events that were kept.
func (m *maker) mutation() {
	pool := m.matches
	if len(pool) == 0 || len(m.others) > 0 && m.rng.IntN(4) == 0 {
		pool = m.others
	}
	if len(pool) == 0 {
		return
	}
	m.try(m.mutate(pool[m.rng.IntN(len(pool))]), -1)
}

// mutate changes one to three values of a copy of tree.
func (m *maker) mutate(tree map[string]any) map[string]any {
	out := clone(tree).(map[string]any)
	for range 1 + m.rng.IntN(3) {
		keys := slices.Sorted(maps.Keys(out))
		if len(keys) == 0 {
			return out
		}
		key := keys[m.rng.IntN(len(keys))]
		switch m.rng.IntN(4) {
		case 0: // what another event has there
			all := append(slices.Clone(m.matches), m.others...)
			if v, ok := all[m.rng.IntN(len(all))][key]; ok {
				out[key] = clone(v)
			}
		case 1: // the same path in objects of its own
			if v := out[key]; strings.Contains(key, ".") {
				delete(out, key)
				nest(out, key, v)
			}
		default:
			spot{object: out, key: key}.set(m.change(out[key]))
		}
	}
	return out
}

// change returns a neighbour of v.
func (m *maker) change(v any) any {
	if s, ok := v.(string); ok && m.rng.IntN(2) == 0 {
		rs := []rune(s)
		i := m.rng.IntN(len(rs) + 1)
		switch m.rng.IntN(3) {
		case 0:
			return string(rs[:i]) + string([]rune{letters[m.rng.IntN(len(letters))]}) + string(rs[i:])
		case 1:
			return string(rs[i:]) + string(rs[:i])
		default:
			return string(rs[:i])
		}
	}
	list := near(v)
	return list[m.rng.IntN(len(list))]
}

var letters = []rune("aZ0 \\/-*?.\"'äſK%\n")

// nest puts v under the path that key spells with dots, unless something else is in the way.
func nest(at map[string]any, key string, v any) {
	steps := strings.Split(key, ".")
	for _, s := range steps[:len(steps)-1] {
		if at[s] == nil {
			at[s] = map[string]any{}
		}
		inner, ok := at[s].(map[string]any)
		if !ok {
			return
		}
		at = inner
	}
	at[steps[len(steps)-1]] = v
}
