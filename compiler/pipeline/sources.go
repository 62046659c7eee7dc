package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// sourcePattern finds references to dynamic sources (dynamic-sources.md section 8); sourceStart finds what looks like one.
var (
	sourcePattern = regexp.MustCompile(`\$\{source\.([A-Za-z_][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_-]+)*)\}`)
	sourceStart   = "${source."
)

// reference names a value of a dynamic source.
type reference struct {
	id   string
	path []string
}

// parseReference reads a text that is one reference and nothing else.
func parseReference(text string) (reference, bool) {
	m := sourcePattern.FindStringSubmatch(text)
	if m == nil || m[0] != text {
		return reference{}, false
	}
	return newReference(m[1], m[2]), true
}

func newReference(id, path string) reference {
	ref := reference{id: id}
	if path != "" {
		ref.path = strings.Split(path[1:], ".")
	}
	return ref
}

// String returns the path with its id, as it stands in the reference.
func (ref reference) String() string { return strings.Join(append([]string{ref.id}, ref.path...), ".") }

// sourcesOf returns the ids that the texts of nodes refer to, sorted.
func sourcesOf(nodes []*yamldoc.Node) []string {
	var ids []string
	for _, n := range nodes {
		if n.Kind != yamldoc.KindString {
			continue
		}
		for _, m := range sourcePattern.FindAllStringSubmatch(n.Text, -1) {
			ids = append(ids, m[1])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// checkReferences reports references outside vars and include, where they would silently stay text.
func (p *parser) checkReferences(root *yamldoc.Node) {
	for _, pair := range root.Pairs {
		if pair.Key != "vars" {
			p.checkNode(pair.Value)
		}
	}
}

func (p *parser) checkNode(n *yamldoc.Node) {
	if n.Kind == yamldoc.KindString && strings.Contains(n.Text, sourceStart) {
		p.errorf(n.Pos, CodeSourceReference, "", "source reference not allowed here: it may only stand in vars and include")
	}
	for _, item := range n.Items {
		p.checkNode(item)
	}
	for _, pair := range n.Pairs {
		if pair.Key != "include" || !isInclude(n) {
			p.checkNode(pair.Value)
		}
	}
}

// lookup follows the path of ref from the value of its source.
func (ref reference) lookup(n *yamldoc.Node) (*yamldoc.Node, error) {
	for i, step := range ref.path {
		next := n.Get(step)
		if n.Kind == yamldoc.KindSequence {
			if index, err := strconv.Atoi(step); err == nil && index >= 0 && index < len(n.Items) {
				next = n.Items[index]
			}
		}
		if next == nil {
			return nil, fmt.Errorf("source '%s' has no value at '%s'", ref.id, strings.Join(ref.path[:i+1], "."))
		}
		n = next
	}
	return n, nil
}

// sourceText writes a value of a source as the text of a variable.
func sourceText(n *yamldoc.Node) string {
	switch {
	case n.Kind == yamldoc.KindNull:
		return ""
	case !n.IsScalar():
		return yamldoc.JSON(n)
	case n.Kind == yamldoc.KindBool:
		return strconv.FormatBool(n.Bool)
	}
	if number, ok := sigma.NumberOf(n); ok {
		return number.Text
	}
	return n.Text
}

// wildcardEscaper changes a text such that reading it as a rule value gives nothing but literals.
var wildcardEscaper = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`)
