package pipeline

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// numberText is the text that extractFields turns into a number.
var numberText = regexp.MustCompile(`^(0|[1-9][0-9]*(\.[0-9]+)?|-[0-9]+(\.[0-9]+)?)$`)

// extractFields turns the named groups of a pattern into fields of their own (section 7.8).
type extractFields struct {
	pattern  *regexp.Regexp
	prefix   string
	preserve bool // values that do not match stay under the old field
}

func readExtractFields(a *params, _ *Item) transformation {
	n := a.required("regex")
	t := extractFields{pattern: a.compileStart(n, "regex"), prefix: a.text("field_prefix", ""), preserve: a.flag("preserve_unmatched")}
	if t.pattern == nil {
		return t
	}
	if strings.Join(t.pattern.SubexpNames(), "") == "" {
		a.errorf(n.Pos, CodeInvalidRegex, a.where, "'regex' must have a named group")
	}
	return t
}

func (t extractFields) applyRule(r *run) error {
	return r.each(func(it *sigma.Item) (sigma.Node, error) {
		texts, ok := stringTexts(it.Values)
		if !ok {
			return it, nil
		}
		out := &sigma.Group{Pos: it.Pos, Any: !it.All}
		unmatched := cloneItem(it)
		unmatched.Values, unmatched.Neg = nil, false
		for i, text := range texts {
			m := t.pattern.FindStringSubmatch(text)
			if m == nil {
				unmatched.Values = append(unmatched.Values, it.Values[i])
				continue
			}
			if fields := t.extract(r, it, m); fields != nil {
				out.Nodes = append(out.Nodes, fields)
			}
		}
		if len(out.Nodes) == 0 {
			return it, nil
		}
		if t.preserve && len(unmatched.Values) > 0 {
			out.Nodes = append(out.Nodes, unmatched)
			r.mark(unmatched)
		}
		return simplest(out, it.Neg), nil
	})
}

// extract returns the fields of the match m, or nil if all of its named groups are empty.
func (t extractFields) extract(r *run, it *sigma.Item, m []string) sigma.Node {
	group := &sigma.Group{Pos: it.Pos}
	for i, name := range t.pattern.SubexpNames() {
		if name == "" || m[i] == "" {
			continue
		}
		if t.prefix != "" {
			name = t.prefix + "." + name
		}
		field := &sigma.Item{
			Pos: it.Pos, Field: sigma.Field{Kind: sigma.FieldPlain, Name: name}, Modifiers: it.Modifiers, Raw: it.Raw,
			Values: []sigma.Value{extractedValue(m[i])},
		}
		r.mark(field)
		group.Nodes = append(group.Nodes, field)
	}
	if len(group.Nodes) == 0 {
		return nil
	}
	return group
}

// extractedValue gives an extracted text its type.
func extractedValue(text string) sigma.Value {
	if word := strings.ToLower(text); word == "null" || word == "none" {
		return sigma.Null{}
	}
	if numberText.MatchString(text) {
		if n, ok := sigma.ParseNumber(text); ok {
			return n
		}
	}
	return sigma.String{Pattern: readPlain(text, false)}
}

// simplest returns g, negated if neg, or its only node.
func simplest(g *sigma.Group, neg bool) sigma.Node {
	if neg {
		negate(g)
	}
	if len(g.Nodes) == 1 {
		return g.Nodes[0]
	}
	return g
}
