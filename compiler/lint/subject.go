package lint

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// subject is one document that could be read at least in parts.
type subject struct {
	*sigma.Document
	header *sigma.Header
	root   *yamldoc.Node
	file   *file
}

// newSubject returns nil for a document without a tree.
func newSubject(d *sigma.Document, f *file) *subject {
	s := &subject{Document: d, file: f}
	switch {
	case d.Rule != nil:
		s.header = &d.Rule.Header
	case d.Correlation != nil:
		s.header = &d.Correlation.Header
	case d.Filter != nil:
		s.header = &d.Filter.Header
	}
	if s.header == nil || s.header.Node == nil || f == nil {
		return nil
	}
	s.root = s.header.Node
	return s
}

// pair returns the entry of an attribute, or nil.
func (s *subject) pair(key string) *yamldoc.Pair {
	for i := range s.root.Pairs {
		if s.root.Pairs[i].Key == key {
			return &s.root.Pairs[i]
		}
	}
	return nil
}

// text returns the node of an attribute if it is a string, else nil.
func (s *subject) text(key string) *yamldoc.Node {
	if n := s.root.Get(key); n != nil && n.Kind == yamldoc.KindString {
		return n
	}
	return nil
}

// texts returns the strings of an attribute that is a list of them or a single one.
func (s *subject) texts(key string) []*yamldoc.Node {
	n := s.root.Get(key)
	if n == nil {
		return nil
	}
	items := []*yamldoc.Node{n}
	if n.Kind == yamldoc.KindSequence {
		items = n.Items
	}
	var out []*yamldoc.Node
	for _, item := range items {
		if item.Kind == yamldoc.KindString {
			out = append(out, item)
		}
	}
	return out
}

// detections returns the search identifiers of a rule or filter, and its conditions.
func (s *subject) detections() ([]*sigma.Detection, []sigma.Condition) {
	switch {
	case s.Rule != nil:
		return s.Rule.Detections, s.Rule.Conditions
	case s.Filter != nil:
		return s.Filter.Detections, []sigma.Condition{s.Filter.Condition}
	}
	return nil, nil
}

// items calls f for every item of every search identifier, those in array blocks included.
func (s *subject) items(f func(*sigma.Item)) {
	dets, _ := s.detections()
	for _, d := range dets {
		walk(d.Body, f)
	}
}

func walk(n sigma.Node, f func(*sigma.Item)) {
	switch n := n.(type) {
	case *sigma.Group:
		if n != nil {
			for _, child := range n.Nodes {
				walk(child, f)
			}
		}
	case *sigma.Block:
		walk(n.Body, f)
		for _, d := range n.Detections {
			walk(d.Body, f)
		}
	case *sigma.Item:
		f(n)
	}
}

// used returns the names of the search identifiers that the conditions can reach.
func (s *subject) used() map[string]bool {
	dets, conds := s.detections()
	out := map[string]bool{}
	for _, c := range conds {
		condition.Walk(c.Tree, func(e condition.Expr) {
			switch e := e.(type) {
			case *condition.Name:
				out[e.Text] = true
			case *condition.Selector:
				for _, d := range sigma.Select(e, dets) {
					out[d.Name] = true
				}
			}
		})
	}
	return out
}

// has reports whether it has the modifier name.
func has(it *sigma.Item, names ...string) bool {
	for _, m := range it.Modifiers {
		for _, name := range names {
			if m.Name == name {
				return true
			}
		}
	}
	return false
}

// isText reports whether the values of it are texts in which * and ? are wildcards.
func isText(it *sigma.Item) bool {
	return !has(it, "re", "cidr", "exists", "gt", "gte", "lt", "lte", "fieldref", "minute", "hour", "day", "week", "month", "year", "expand")
}

// encoded reports whether the values of it are looked for in another form.
func encoded(it *sigma.Item) bool {
	return has(it, "base64", "base64offset", "wide", "utf16le", "utf16", "utf16be")
}

// hasOperator reports whether it looks for a part of the text.
func hasOperator(it *sigma.Item) bool { return has(it, "contains", "startswith", "endswith") }

// stringValues returns the values of it that are strings, nil if there is another among them.
func stringValues(it *sigma.Item) []*yamldoc.Node {
	for _, v := range it.Raw {
		if v.Kind != yamldoc.KindString {
			return nil
		}
	}
	return it.Raw
}

// fieldName returns what people call the field of it.
func fieldName(it *sigma.Item) string {
	if it.Field.Kind == sigma.FieldKeyword {
		return "keywords"
	}
	return it.Field.Name
}

// endsInStar reports whether text ends in a wildcard that no backslash makes a character.
func endsInStar(text string) bool {
	if !strings.HasSuffix(text, "*") {
		return false
	}
	before := strings.TrimSuffix(text, "*")
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 0
}

// wildcard matches an escaped pair or a wildcard.
var wildcard = regexp.MustCompile(`\\[\\*?]|[*?]`)

// hasWildcard reports whether a wildcard in text is alive.
func hasWildcard(text string) bool {
	for _, m := range wildcard.FindAllString(text, -1) {
		if m == "*" || m == "?" {
			return true
		}
	}
	return false
}

// reportItem reports about the key of it.
func (p *pass) reportItem(it *sigma.Item, edits []Edit, hint, format string, args ...any) {
	p.report(it.Pos, edits, hint, format, args...)
}
