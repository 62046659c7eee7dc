package sigma

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Parse reads the documents of one file, collection actions included, and reports what is wrong with them to log. The
// result is in document order and has no entry for empty documents and for the actions global and reset; every other
// document is in it, with Failed set if it was rejected. Of a rejected document the trees are set as far as they could be
// read, so that package modifier can go on checking; nobody else may use them.
func Parse(docs []*yamldoc.Document, log *diag.List) []*Document {
	var c collection
	var out []*Document
	for _, y := range docs {
		if d := parseDocument(&c, y, log); d != nil {
			out = append(out, d)
		}
	}
	return out
}

// parseDocument reads one document. It returns nil if the document does not stand for anything.
func parseDocument(c *collection, y *yamldoc.Document, log *diag.List) *Document {
	d := &Document{File: y.File, Index: y.Index, Failed: y.Failed, Pos: diag.Pos{File: y.File, Doc: y.Index}}
	if y.Root == nil || y.Root.Kind == yamldoc.KindNull {
		if y.Failed {
			return d
		}
		return nil
	}
	d.Pos = y.Root.Pos
	if y.Root.Kind != yamldoc.KindMapping {
		log.Errorf(d.Pos, diag.CodeNotAMapping, "a Sigma document is a mapping; this one is not a mapping but a %s", y.Root.Kind)
		d.Failed = true
		return d
	}
	before := log.Errors()
	root := c.apply(y.Root, log)
	if root != nil {
		readDocument(d, root, log)
	} else {
		d.Title, d.ID = known(y.Root)
	}
	d.Failed = d.Failed || log.Errors() > before
	if root == nil && !d.Failed {
		return nil
	}
	return d
}

// known returns what a document that is not parsed any further says about its title and id.
func known(root *yamldoc.Node) (title, id string) {
	if n := root.Get("title"); n != nil && n.Kind == yamldoc.KindString {
		title = n.Text
	}
	return title, idText(root.Get("id"))
}

// readDocument parses root, a mapping that went through merging, into d.
func readDocument(d *Document, root *yamldoc.Node, log *diag.List) {
	d.Title, d.ID = known(root)
	r := &reader{log: log, id: d.ID, doc: d.Index}
	switch {
	case root.Get("correlation") != nil:
		d.Kind = KindCorrelation
		d.Correlation = r.correlation(root)
	case root.Get("filter") != nil:
		d.Kind = KindFilter
		d.Filter = r.filter(root)
	default:
		d.Kind = KindRule
		d.Rule = r.rule(root)
	}
}

// ParseDefinition reads one search identifier that stands outside a rule, such as a condition added by a pipeline, by the
// rules of the given major sigma-version. It reports to log under ruleID, and false after an error.
func ParseDefinition(n *yamldoc.Node, version int, ruleID string, log *diag.List) (*Group, bool) {
	r := &reader{log: log, id: ruleID, doc: n.Pos.Doc, version: version}
	before := log.Errors()
	g := r.group(n, false)
	return g, log.Errors() == before
}

// reader parses one document.
type reader struct {
	log     *diag.List
	id      string // of the document, for diagnostics
	doc     int    // its index; what comes from a template counts for the document that has it now
	version int    // major sigma-version of the document, set by header
	items   int    // of its selections, so far
}

// errorf reports an error of the document.
func (r *reader) errorf(pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	pos.Doc = r.doc
	d := r.log.Errorf(pos, code, format, args...)
	d.RuleID = r.id
	return d
}

// warnf reports a warning of the document.
func (r *reader) warnf(pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	pos.Doc = r.doc
	d := r.log.Warnf(pos, code, format, args...)
	d.RuleID = r.id
	return d
}

// rule parses a detection rule. It never returns nil.
func (r *reader) rule(root *yamldoc.Node) *Rule {
	rule := &Rule{Header: r.header(root, KindRule)}
	n := root.Get("detection")
	switch {
	case n == nil:
		r.errorf(root.Pos, diag.CodeMissingDetection, "missing detection")
		return rule
	case n.Kind != yamldoc.KindMapping:
		r.errorf(n.Pos, diag.CodeDetectionMustBeAMapping, "detection must be a mapping, not a %s", n.Kind)
		return rule
	}
	rule.Detections = r.detections(n, false, "condition", "timeframe")
	if len(rule.Detections) == 0 {
		r.errorf(n.Pos, diag.CodeNoDetections, "no detections beside the condition")
	}
	rule.Conditions = r.conditions(n, rule.Detections)
	return rule
}
