package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

const (
	maxProblems = 20 // errors reported for one pipeline
	maxNest     = 16 // levels of the transformation "nest"
)

// topKeys are the keys of a pipeline document (section 3.1).
var topKeys = []string{"name", "priority", "vars", "allowed_backends", "transformations", "postprocessing", "finalizers"}

// Parse reads the pipeline document src of file and reports what is wrong with it to log, at most 20 errors at once. It
// returns nil after an error. Dynamic sources and includes are left for Expand.
func Parse(file string, src []byte, log *diag.List) *Pipeline {
	before := log.Errors()
	root := readDocument(file, src, log)
	if log.Errors() > before {
		return nil
	}
	p := &parser{log: log, label: file, registry: registry}
	out := p.pipeline(file, root)
	if p.problems > 0 {
		return nil
	}
	return out
}

// readDocument returns the root of the only document of a file, nil if there is none.
func readDocument(file string, src []byte, log *diag.List) *yamldoc.Node {
	src, marked := markNullKeys(src)
	docs := yamldoc.Parse(file, src, log)
	var root *yamldoc.Node
	for _, d := range docs {
		switch {
		case d.Root == nil:
		case root != nil:
			log.Errorf(d.Root.Pos, CodeNotAMapping, "pipeline '%s': a pipeline file holds one document, which must be a mapping", file)
			return nil
		default:
			root = d.Root
		}
	}
	return normalize(root, marked)
}

// parser reads one pipeline.
type parser struct {
	log               *diag.List
	label             string // of the pipeline
	registry          map[string]entry
	steps, finalizers map[string]stage // of queries
	problems          int
	depth             int  // of nested items
	included          bool // the items come from an include
	remote            bool // and that from a remote source
}

// errorf reports an error at where, a path such as "transformations[3]" or "". Behind the limit nothing is reported any
// more, but the pipeline is rejected all the same.
func (p *parser) errorf(pos diag.Pos, code diag.Code, where, format string, args ...any) *diag.Diagnostic {
	p.problems++
	if p.problems > maxProblems {
		return &diag.Diagnostic{}
	}
	return p.log.Errorf(pos, code, "%s", p.message(where, fmt.Sprintf(format, args...)))
}

// warnf reports a warning; otherwise as errorf.
func (p *parser) warnf(pos diag.Pos, code diag.Code, where, format string, args ...any) *diag.Diagnostic {
	return p.log.Warnf(pos, code, "%s", p.message(where, fmt.Sprintf(format, args...)))
}

func (p *parser) message(where, msg string) string { return p.place(where) + ": " + msg }

// place names a part of the pipeline.
func (p *parser) place(where string) string {
	if where == "" {
		return "pipeline '" + p.label + "'"
	}
	return "pipeline '" + p.label + "': " + where
}

func (p *parser) pipeline(file string, root *yamldoc.Node) *Pipeline {
	out := &Pipeline{File: file}
	if root == nil || root.Kind == yamldoc.KindNull {
		return out
	}
	if root.Kind != yamldoc.KindMapping {
		p.errorf(root.Pos, CodeNotAMapping, "", "a pipeline must be a mapping, not a %s", root.Kind)
		return out
	}
	if n := root.Get("name"); n != nil && n.Kind == yamldoc.KindString && n.Text != "" {
		p.label = n.Text
	}
	p.checkKeys(root)
	p.checkReferences(root)
	p.checkNullKeys(root, false)
	out.Name = p.name(root.Get("name"))
	out.Priority = p.priority(root.Get("priority"))
	out.Vars = p.vars(root.Get("vars"))
	out.AllowedBackends = p.backends(root.Get("allowed_backends"))
	out.Items = p.items(root.Get("transformations"), "transformations", nil)
	out.QueryStages = p.queryStages(root)
	return out
}

// checkKeys reports top-level keys that do not exist.
func (p *parser) checkKeys(root *yamldoc.Node) {
	for _, pair := range root.Pairs {
		switch {
		case pair.Key == "sources":
			p.errorf(pair.KeyPos, CodeInlineSources, "", "inline 'sources' are not supported: declare them in a source file of their own")
		case !slices.Contains(topKeys, pair.Key):
			p.errorf(pair.KeyPos, CodeUnknownKeys, "", "unknown keys: %s", pair.Key).Hint = diag.Suggest(pair.Key, topKeys)
		}
	}
}

func (p *parser) name(n *yamldoc.Node) string {
	if n == nil || n.Kind == yamldoc.KindNull {
		return ""
	}
	if n.Kind != yamldoc.KindString {
		p.errorf(n.Pos, CodeInvalidValue, "", "invalid value of name: expected a string, not a %s", n.Kind)
	}
	return n.Text
}

func (p *parser) priority(n *yamldoc.Node) int {
	if n == nil {
		return 0
	}
	if n.Kind != yamldoc.KindInt {
		p.errorf(n.Pos, CodePriority, "", "priority must be an integer, not a %s", n.Kind)
	}
	return int(n.Int)
}

func (p *parser) backends(n *yamldoc.Node) []string {
	if n == nil || n.Kind == yamldoc.KindNull {
		return nil
	}
	if n.Kind != yamldoc.KindSequence {
		p.errorf(n.Pos, CodeNotAList, "", "allowed_backends must be a list, not a %s", n.Kind)
	}
	var out []string
	for _, item := range n.Items {
		if item.Kind != yamldoc.KindString {
			p.errorf(item.Pos, CodeInvalidValue, "", "invalid value of allowed_backends: expected a string, not a %s", item.Kind)
		}
		out = append(out, item.Text)
	}
	return out
}

// vars reads the variables. What kind of scalar a member is, is checked when a rule needs it.
func (p *parser) vars(n *yamldoc.Node) []Var {
	if n == nil || n.Kind == yamldoc.KindNull {
		return nil
	}
	if n.Kind != yamldoc.KindMapping {
		p.errorf(n.Pos, CodeNotAMapping, "", "vars must be a mapping, not a %s", n.Kind)
		return nil
	}
	var out []Var
	for _, pair := range n.Pairs {
		v := Var{Name: pair.Key, Pos: pair.KeyPos, Members: listOf(pair.Value)}
		for _, n := range v.Members {
			if n.Kind == yamldoc.KindString && strings.Contains(sourcePattern.ReplaceAllString(n.Text, ""), sourceStart) {
				p.errorf(n.Pos, CodeInvalidValue, "", "invalid value of '%s': a source reference has the form ${source.<id>} or ${source.<id>.<path>}", v.Name)
			}
		}
		v.Sources = sourcesOf(v.Members)
		out = append(out, v)
	}
	return out
}

// listOf returns the members of a list, or n itself as the only member.
func listOf(n *yamldoc.Node) []*yamldoc.Node {
	if n.Kind == yamldoc.KindSequence {
		return n.Items
	}
	return []*yamldoc.Node{n}
}

// quote joins words for a message: 'a', 'b' or 'c'.
func quote(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + w + "'"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
