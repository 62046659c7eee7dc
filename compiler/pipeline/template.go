package pipeline

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// expandTemplates returns n with the log source of the rule put into its strings (section 7.9). Keys and n stay as they are.
func (r *run) expandTemplates(n *yamldoc.Node) *yamldoc.Node {
	out := *n
	switch n.Kind {
	case yamldoc.KindString:
		out.Text = r.expandTemplate(n.Text)
	case yamldoc.KindSequence:
		out.Items = make([]*yamldoc.Node, len(n.Items))
		for i, item := range n.Items {
			out.Items[i] = r.expandTemplates(item)
		}
	case yamldoc.KindMapping:
		out.Pairs = make([]yamldoc.Pair, len(n.Pairs))
		for i, p := range n.Pairs {
			p.Value = r.expandTemplates(p.Value)
			out.Pairs[i] = p
		}
	}
	return &out
}

// expandTemplate replaces $name and ${name} for the parts of the log source, and $$ by $. Other names stay.
func (r *run) expandTemplate(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest := templateName(after)
		switch value, ok := r.templateValue(name); {
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			text = after[1:]
		case ok:
			b.WriteString(value)
			text = rest
		default:
			b.WriteByte('$')
			text = after
		}
	}
}

// templateName reads the name behind a dollar sign, "" if there is none.
func templateName(text string) (name, rest string) {
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		if name, rest, ok := strings.Cut(inner, "}"); ok {
			return name, rest
		}
		return "", text
	}
	end := 0
	for end < len(text) && text[end] != '-' && isNameByte(text[end]) {
		end++
	}
	return text[:end], text[end:]
}

// templateValue returns the part of the log source called name.
func (r *run) templateValue(name string) (string, bool) {
	l := r.rule.LogSource
	value := ""
	switch name {
	case "category":
		value = l.Category
	case "product":
		value = l.Product
	case "service":
		value = l.Service
	default:
		return "", false
	}
	if value == "" {
		r.warn(CodeTemplatePart, "the log source has no %s; the template has the text None in its place", name)
		value = "None"
	}
	return value, true
}
