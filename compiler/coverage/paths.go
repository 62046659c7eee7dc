package coverage

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// maxPaths is how many different paths are remembered: events may have keys that are data, such as ids.
const maxPaths = 20_000

// separator joins keys in the table, since a key may hold dots.
const separator = "\x00"

// pathTable counts the paths of the values in events: the keys from the root to what is no object, arrays passed through. Empty
// objects and arrays count as values.
type pathTable struct {
	events map[string]int
	full   bool
	inOne  map[string]bool // paths of the event at hand
}

func newPathTable() pathTable {
	return pathTable{events: map[string]int{}, inOne: map[string]bool{}}
}

// add counts the paths of one event, a value as encoding/json makes it.
func (t *pathTable) add(event any) {
	root, ok := event.(map[string]any)
	if !ok {
		return
	}
	clear(t.inOne)
	for key, value := range root {
		t.walk(key, value)
	}
	for path := range t.inOne {
		if _, known := t.events[path]; !known && len(t.events) >= maxPaths {
			t.full = true
			continue
		}
		t.events[path]++
	}
}

func (t *pathTable) walk(path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			t.walk(path+separator+key, inner)
		}
		if len(value) == 0 {
			t.inOne[path] = true
		}
	case []any:
		for _, inner := range value {
			t.walk(path, inner)
		}
		if len(value) == 0 {
			t.inOne[path] = true
		}
	default:
		t.inOne[path] = true
	}
}

// unread returns the paths that no field among read leads to, and that do not lie below one of blocks.
func (t *pathTable) unread(read map[rtlib.FieldID]int, blocks []rtlib.FieldID) []PathUse {
	reached := map[string]bool{}
	for id := range read {
		for _, path := range lookups(id) {
			reached[path] = true
		}
	}
	var below []string
	for _, id := range blocks {
		for _, path := range lookups(id) {
			below = append(below, path+separator)
		}
	}
	var out []PathUse
	for path, events := range t.events {
		inBlock := slices.ContainsFunc(below, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
		if !reached[path] && !inBlock {
			out = append(out, PathUse{strings.ReplaceAll(path, separator, "."), events})
		}
	}
	slices.SortFunc(out, func(a, b PathUse) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Path, b.Path))
	})
	return out
}

// lookups returns the paths under which field id is looked up: its whole name as a key, and its steps.
func lookups(id rtlib.FieldID) []string {
	p := id.Path()
	if p == nil {
		return nil
	}
	keys := make([]string, len(p.Steps))
	for i, step := range p.Steps {
		keys[i] = step.Key
	}
	if len(keys) == 0 {
		return []string{p.Name}
	}
	return []string{p.Name, strings.Join(keys, separator)}
}

// near returns the path that may be meant by p, which no event has: the same but for letter case, else one that ends in the same
// key, underscores and letter case aside. Of several the most frequent one wins.
func (t *pathTable) near(p *rtlib.Path) string {
	if p == nil {
		return ""
	}
	last := p.Name[strings.LastIndexByte(p.Name, '.')+1:]
	best, bestRank, bestEvents := "", 0, 0
	for path, events := range t.events {
		shown := strings.ReplaceAll(path, separator, ".")
		rank := 0
		switch {
		case strings.EqualFold(shown, p.Name):
			rank = 2
		case sameWords(path[strings.LastIndexAny(path, separator+".")+1:], last):
			rank = 1
		}
		if c := cmp.Or(cmp.Compare(rank, bestRank), cmp.Compare(events, bestEvents), strings.Compare(best, shown)); rank > 0 && c > 0 {
			best, bestRank, bestEvents = shown, rank, events
		}
	}
	return best
}

// sameWords compares CommandLine with command_line.
func sameWords(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}
