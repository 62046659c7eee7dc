package pipeline

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Field mappings may have a null key (section 7.1), which no other document of the project has and package yamldoc therefore
// refuses. Before the text is read, such keys are replaced by marks of equal length, so that positions stay right. A mark
// that turns out to be something else, such as a line of a block scalar, is turned back afterwards.
var (
	nullKeyPattern = regexp.MustCompile(`(?m)((?:^|[{,])[ \t\r\n]*(?:\?[ \t]+|-[ \t]+)*)(null|Null|NULL|~)([ \t]*:(?:[ \t\r\n]|$))`)
	nullKeyMarks   = strings.NewReplacer("null", "\uE000\uE000\uE000\uE000", "Null", "\uE001\uE001\uE001\uE001", "NULL", "\uE002\uE002\uE002\uE002", "~", "\uE003")
	nullKeyTexts   = strings.NewReplacer("\uE000\uE000\uE000\uE000", "null", "\uE001\uE001\uE001\uE001", "Null", "\uE002\uE002\uE002\uE002", "NULL", "\uE003", "~")
)

// nullKeyFirst and nullKeyLast bound the characters of the marks, which are for private use.
const (
	nullKeyFirst = '\uE000'
	nullKeyLast  = '\uE003'
)

// markNullKeys returns src with its null keys marked, and whether there are any. A text that has such characters of its own
// is left alone.
func markNullKeys(src []byte) ([]byte, bool) {
	if bytes.ContainsFunc(src, isMark) || !nullKeyPattern.Match(src) {
		return src, false
	}
	marked := nullKeyPattern.ReplaceAllFunc(src, func(found []byte) []byte {
		m := nullKeyPattern.FindSubmatch(found)
		return slices.Concat(m[1], []byte(nullKeyMarks.Replace(string(m[2]))), m[3])
	})
	return marked, true
}

func isMark(r rune) bool { return r >= nullKeyFirst && r <= nullKeyLast }

// isNullKey reports whether the key of p is null.
func isNullKey(p yamldoc.Pair) bool {
	return p.Key != "" && strings.IndexFunc(p.Key, func(r rune) bool { return !isMark(r) }) < 0
}

// normalize returns n with its merge keys (<<) carried out and, if marked, with the marks gone that are not keys. Shared
// subtrees stay shared. n is not changed.
func normalize(n *yamldoc.Node, marked bool) *yamldoc.Node {
	if n == nil {
		return nil
	}
	z := &normalizer{marked: marked, done: map[*yamldoc.Node]*yamldoc.Node{}}
	return z.node(n)
}

// normalizer remembers what it made of shared nodes.
type normalizer struct {
	marked bool
	done   map[*yamldoc.Node]*yamldoc.Node
}

func (z *normalizer) node(n *yamldoc.Node) *yamldoc.Node {
	if out, ok := z.done[n]; ok {
		return out
	}
	out := *n
	z.done[n] = &out
	switch n.Kind {
	case yamldoc.KindMapping:
		out.Pairs = z.pairs(n)
	case yamldoc.KindSequence:
		out.Items = make([]*yamldoc.Node, len(n.Items))
		for i, item := range n.Items {
			out.Items[i] = z.node(item)
		}
	case yamldoc.KindString:
		if z.marked {
			out.Text = nullKeyTexts.Replace(n.Text)
		}
	}
	return &out
}

// pairs returns the entries of the mapping n: its own first, then those of its merge keys that it does not have itself.
func (z *normalizer) pairs(n *yamldoc.Node) []yamldoc.Pair {
	var own, merged []yamldoc.Pair
	for _, p := range n.Pairs {
		value := z.node(p.Value)
		if p.Key == "<<" && isMergeable(value) {
			for _, m := range listOf(value) {
				merged = append(merged, m.Pairs...)
			}
			continue
		}
		if z.marked && !isNullKey(p) {
			p.Key = nullKeyTexts.Replace(p.Key)
		}
		own = append(own, yamldoc.Pair{Key: p.Key, KeyPos: p.KeyPos, Value: value})
	}
	taken := map[string]bool{}
	for _, p := range own {
		taken[p.Key] = true
	}
	for _, m := range merged {
		if !taken[m.Key] {
			taken[m.Key] = true
			own = append(own, m)
		}
	}
	return own
}

// checkNullKeys reports the null keys that stand elsewhere than directly under the key "mapping".
func (p *parser) checkNullKeys(n *yamldoc.Node, allowed bool) {
	for _, item := range n.Items {
		p.checkNullKeys(item, false)
	}
	for _, pair := range n.Pairs {
		if isNullKey(pair) && !allowed {
			p.errorf(pair.KeyPos, diag.CodeUnsupportedKey, "", "unsupported key: null can only be a key of a field mapping")
		}
		p.checkNullKeys(pair.Value, pair.Key == "mapping")
	}
}

// isMergeable reports whether n is a mapping or a list of mappings.
func isMergeable(n *yamldoc.Node) bool {
	for _, item := range listOf(n) {
		if item.Kind != yamldoc.KindMapping {
			return false
		}
	}
	return true
}
