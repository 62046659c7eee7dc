package sigma

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// conditions reads the key "condition" of the mapping owner, a string or a list of strings, and looks the names up in dets.
func (r *reader) conditions(owner *yamldoc.Node, dets []*Detection) []Condition {
	n := owner.Get("condition")
	if n == nil || n.Kind == yamldoc.KindSequence && len(n.Items) == 0 {
		pos := owner.Pos
		if n != nil {
			pos = n.Pos
		}
		r.errorf(pos, diag.CodeMissingCondition, "missing condition")
		return nil
	}
	var out []Condition
	for _, item := range listOf(n) {
		if item.Kind != yamldoc.KindString {
			r.errorf(item.Pos, diag.CodeConditionSyntax, "condition syntax: a condition is a string, not a %s", item.Kind)
			continue
		}
		out = append(out, r.condition(item, dets))
	}
	return out
}

// condition parses the text of the string node n and looks its names up in dets.
func (r *reader) condition(n *yamldoc.Node, dets []*Detection) Condition {
	c := r.parseCondition(n)
	if c.Tree == nil || len(dets) == 0 {
		return c
	}
	condition.Walk(c.Tree, func(e condition.Expr) {
		switch e := e.(type) {
		case *condition.Name:
			r.checkName(n, e, dets)
		case *condition.Selector:
			r.checkSelector(n, e, dets)
		}
	})
	return c
}

// parseCondition parses the text of the string node n. Tree is nil after an error.
func (r *reader) parseCondition(n *yamldoc.Node) Condition {
	before := r.log.Errors()
	tree := condition.Parse(n.Text, func(code diag.Code, offset int, format string, args ...any) {
		pos, notes := textPos(n, offset)
		r.errorf(pos, code, format, args...).Notes = notes
	})
	if r.log.Errors() > before {
		tree = nil
	}
	return Condition{Text: n.Text, Pos: n.Pos, Tree: tree}
}

func (r *reader) checkName(n *yamldoc.Node, name *condition.Name, dets []*Detection) {
	known := make([]string, len(dets))
	for i, d := range dets {
		if d.Name == name.Text {
			return
		}
		known[i] = d.Name
	}
	pos, notes := textPos(n, name.Offset)
	d := r.errorf(pos, diag.CodeUnknownDetection, "unknown detection %q", name.Text)
	d.Hint, d.Notes = diag.Suggest(name.Text, known), notes
}

func (r *reader) checkSelector(n *yamldoc.Node, s *condition.Selector, dets []*Detection) {
	if len(Select(s, dets)) > 0 {
		return
	}
	target := s.Pattern
	if s.Them {
		target = "them"
	}
	pos, notes := textPos(n, s.Offset)
	r.warnf(pos, diag.CodeSelectorMatchesNoDetection, "selector matches no detection: nothing is called %q, so it is never true", target).Notes = notes
}

// Select returns the detections that the target of s picks, in definition order. Names that begin with an underscore are
// picked only by a pattern that begins with one (section 10).
func Select(s *condition.Selector, dets []*Detection) []*Detection {
	var out []*Detection
	for _, d := range dets {
		if s.Picks(d.Name) {
			out = append(out, d)
		}
	}
	return out
}

// textPos returns the position of a byte offset in the text of n. Where the source may be laid out differently from the
// text, the position is that of n and a note tells the offset.
func textPos(n *yamldoc.Node, offset int) (diag.Pos, []string) {
	offset = min(max(offset, 0), len(n.Text))
	chars := utf8.RuneCountInString(n.Text[:offset])
	pos := n.Pos
	if n.Block || strings.Contains(n.Text, "\n") {
		return pos, []string{fmt.Sprintf("at character %d of the text", chars+1)}
	}
	pos.Col += chars
	return pos, nil
}
