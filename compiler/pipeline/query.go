package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Postprocessing and finalizers work on the text of queries. They are checked, so that a file that is wrong elsewhere is
// wrong here, and then ignored (section 11).

// stage reads the parameters of a postprocessing step or finalizer.
type stage func(a *params)

var postprocessing = map[string]stage{
	"embed":           func(a *params) { a.text("prefix", ""); a.text("suffix", "") },
	"json":            jsonStage,
	"nest":            func(a *params) { a.stages(a.required("items"), a.where+".items", a.step) },
	"replace":         func(a *params) { a.compileAnywhere(a.required("pattern"), "pattern"); a.requiredText("replacement") },
	"simple_template": func(a *params) { a.requiredText("template") },
	"template":        templateStage,
}

var finalizers = map[string]stage{
	"concat":   func(a *params) { a.text("separator", ""); a.text("prefix", ""); a.text("suffix", "") },
	"json":     indentStage,
	"nested":   func(a *params) { a.stages(a.required("finalizers"), a.where+".finalizers", a.finalizer) },
	"template": templateStage,
	"yaml":     indentStage,
}

func jsonStage(a *params) {
	text := a.requiredText("json_template")
	if n := a.node.Get("json_template"); n != nil && !json.Valid([]byte(text)) {
		a.invalid(n, "json_template", "it is not valid JSON")
	}
}

func indentStage(a *params) {
	if n := a.optional("indent"); n != nil && n.Kind != yamldoc.KindInt {
		a.invalid(n, "indent", "expected an integer, not a %s", n.Kind)
	}
}

// templateStage refuses vars, which names a program to run.
func templateStage(a *params) {
	if a.text("path", "") == "" {
		a.requiredText("template")
	} else {
		a.text("template", "")
	}
	a.flag("autoescape")
	if n := a.optional("vars"); n != nil {
		a.invalid(n, "vars", "running code from a template is not supported")
	}
}

// queryStages checks both parts and returns how many entries they have.
func (p *parser) queryStages(root *yamldoc.Node) int {
	p.steps, p.finalizers = postprocessing, finalizers
	post, last := root.Get("postprocessing"), root.Get("finalizers")
	count := p.stages(post, "postprocessing", p.step) + p.stages(last, "finalizers", p.finalizer)
	if count > 0 {
		pos := root.Pos
		for _, n := range []*yamldoc.Node{last, post} {
			if n != nil && len(n.Items) > 0 {
				pos = n.Pos
			}
		}
		p.warnf(pos, CodeQueryStages, "", "postprocessing and finalizers are for query backends; they are ignored")
	}
	return count
}

// stages reads a list of entries by read and returns how many there are.
func (p *parser) stages(n *yamldoc.Node, where string, read func(n *yamldoc.Node, where string)) int {
	if n == nil || n.Kind == yamldoc.KindNull {
		return 0
	}
	if n.Kind != yamldoc.KindSequence {
		p.errorf(n.Pos, CodeNotAList, "", "%s must be a list, not a %s", where, n.Kind)
		return 0
	}
	if p.depth++; p.depth > maxNest {
		p.errorf(n.Pos, CodeTooDeep, where, "nested more than %d levels deep", maxNest)
	} else {
		for i, item := range n.Items {
			entryWhere := fmt.Sprintf("%s[%d]", where, i+1)
			if item.Kind != yamldoc.KindMapping {
				p.errorf(item.Pos, CodeNotAMapping, entryWhere, "an entry must be a mapping, not a %s", item.Kind)
				continue
			}
			read(item, entryWhere)
		}
	}
	p.depth--
	return len(n.Items)
}

// step reads one postprocessing step with its rule gate.
func (p *parser) step(n *yamldoc.Node, where string) {
	a := &params{parser: p, node: n, where: where}
	a.identifier()
	t := a.value("type")
	if t == nil || t.Kind != yamldoc.KindString {
		p.errorf(n.Pos, CodeMissingType, where, "missing transformation type")
		return
	}
	read, ok := p.steps[t.Text]
	if !ok {
		known := slices.Sorted(maps.Keys(p.steps))
		p.errorf(t.Pos, CodeUnknownType, where, "unknown transformation type '%s'", t.Text).Hint = diag.Suggest(t.Text, known)
		return
	}
	readGate(a, "rule", "rule_conditions", ruleConditions)
	read(a)
	a.finish()
}

// finalizer reads one finalizer.
func (p *parser) finalizer(n *yamldoc.Node, where string) {
	a := &params{parser: p, node: n, where: where}
	t := a.value("type")
	if t == nil || t.Kind != yamldoc.KindString {
		p.errorf(n.Pos, CodeMissingType, where, "missing finalizer type")
		return
	}
	read, ok := p.finalizers[t.Text]
	if !ok {
		known := slices.Sorted(maps.Keys(p.finalizers))
		p.errorf(t.Pos, CodeUnknownType, where, "finalizer '%s' is unknown", t.Text).Hint = diag.Suggest(t.Text, known)
		return
	}
	read(a)
	a.finish()
}
