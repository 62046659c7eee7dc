// Package printer writes rule trees as Sigma YAML: what pipelines made of a rule, for people to read and for programs to load.
// It is the inverse of packages sigma and modifier. It decides nothing about meaning; where a tree holds something that plain
// Sigma cannot say, it says so in a comment and in the notes. Its caller is the command line.
package printer

import (
	"fmt"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Document is a rule or filter as YAML.
type Document struct {
	// Text is one YAML document without a separator. It ends in a line break.
	Text string
	// Node is the tree that Text was made of.
	Node *yamldoc.Node
	// Notes say what Text cannot: parts of the rule that Sigma has no words for. They stand in Text as comments too. If there
	// are none, Text means what the tree means.
	Notes []string
}

// Rule writes r, which package modifier has typed. Items whose values still are what their YAML says keep the spelling of
// their author, the others get one that means the same.
func Rule(r *sigma.Rule) Document { return rule(r, false) }

// rule is Rule; with respell no item keeps its spelling.
func rule(r *sigma.Rule, respell bool) Document {
	p := &printer{version: r.Version, respell: respell}
	root := p.header(&r.Header)
	detection := p.detections(r.Detections)
	detection.Pairs = append(detection.Pairs, pair("condition", conditions(r.Conditions)))
	insert(root, pair("detection", detection))
	return p.document(root)
}

// Filter writes f likewise.
func Filter(f *sigma.Filter) Document {
	p := &printer{version: f.Version}
	root := p.header(&f.Header)
	body := mapping()
	if f.Any {
		body.Pairs = append(body.Pairs, pair("rules", text("any")))
	} else {
		body.Pairs = append(body.Pairs, pair("rules", list(f.Rules)))
	}
	body.Pairs = append(body.Pairs, p.detections(f.Detections).Pairs...)
	body.Pairs = append(body.Pairs, pair("condition", conditions([]sigma.Condition{f.Condition})))
	insert(root, pair("filter", body))
	return p.document(root)
}

// printer is the state of one document.
type printer struct {
	version int
	respell bool
	notes   []string
	here    []string // notes of the detection at work
}

// gap notes something that cannot be written.
func (p *printer) gap(format string, args ...any) {
	p.here = append(p.here, fmt.Sprintf(format, args...))
}

// document renders root and makes sure that it can be read back.
func (p *printer) document(root *yamldoc.Node) Document {
	data, err := yamldoc.Write(root)
	if err != nil {
		return Document{Text: "# " + err.Error() + "\n", Node: root, Notes: append(p.notes, err.Error())}
	}
	var log diag.List
	modifier.Apply(sigma.Parse(yamldoc.Parse("printed", data, &log), &log), &log)
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError {
			p.notes = append(p.notes, "this text cannot be read back: "+d.Msg)
			break
		}
	}
	return Document{Text: string(data), Node: root, Notes: p.notes}
}

// detections writes the search identifiers, each with its notes above it.
func (p *printer) detections(list []*sigma.Detection) *yamldoc.Node {
	out := mapping()
	for _, d := range list {
		p.here = nil
		body := p.body(p.group(d.Body))
		for _, note := range p.here {
			p.notes = append(p.notes, d.Name+": "+note)
			body.Comment = joinLines(body.Comment, note)
		}
		out.Pairs = append(out.Pairs, pair(d.Name, body))
	}
	p.here = nil
	return out
}

func joinLines(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

// conditions writes one condition as a string and several as a list.
func conditions(cs []sigma.Condition) *yamldoc.Node {
	texts := make([]string, len(cs))
	for i, c := range cs {
		texts[i] = conditionText(c)
	}
	if len(texts) == 1 {
		return text(texts[0])
	}
	return list(texts)
}

// conditionText returns the text of c as written if it is on one line and still means its tree.
func conditionText(c sigma.Condition) string {
	if c.Tree == nil {
		return c.Text
	}
	want := condition.String(c.Tree)
	if isOneLine(c.Text) {
		written := condition.Parse(c.Text, func(diag.Code, int, string, ...any) {})
		if written != nil && condition.String(written) == want {
			return c.Text
		}
	}
	return want
}

func isOneLine(s string) bool {
	for _, r := range s {
		if r < ' ' {
			return false
		}
	}
	return true
}
