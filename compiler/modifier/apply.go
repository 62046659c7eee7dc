package modifier

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Apply returns docs with the items of their rules and filters filled in: Values, All and Neg. The input is not changed;
// correlations are passed on as they are. Documents with errors, whether old or reported here to log, are Failed in the
// result and have no trees.
func Apply(docs []*sigma.Document, log *diag.List) []*sigma.Document {
	out := make([]*sigma.Document, len(docs))
	for i, d := range docs {
		out[i] = applyDocument(d, log)
	}
	return out
}

// ApplyGroup returns g with its items filled in, for items that do not come out of a rule file. It reports to log under
// ruleID, and false after an error. The input is not changed.
func ApplyGroup(g *sigma.Group, ruleID string, log *diag.List) (*sigma.Group, bool) {
	before := log.Errors()
	out := (&applier{log: log, id: ruleID, doc: -1}).group(g)
	return out, log.Errors() == before
}

func applyDocument(d *sigma.Document, log *diag.List) *sigma.Document {
	out := *d
	a := &applier{log: log, id: d.ID, doc: d.Index}
	before := log.Errors()
	if d.Rule != nil {
		r := *d.Rule
		r.Detections = a.detections(r.Detections)
		out.Rule = &r
	}
	if d.Filter != nil {
		f := *d.Filter
		f.Detections = a.detections(f.Detections)
		out.Filter = &f
	}
	if d.Failed || log.Errors() > before {
		out.Failed, out.Rule, out.Filter, out.Correlation = true, nil, nil, nil
	}
	return &out
}

// applier works through one document.
type applier struct {
	log *diag.List
	id  string // of the document
	doc int    // its index, or -1 if the items do not come out of a rule file
}

// at returns pos as a place of this document: values that come from a template count for the document that has them now.
func (a *applier) at(pos diag.Pos) diag.Pos {
	if a.doc >= 0 {
		pos.Doc = a.doc
	}
	return pos
}

// errorf reports an error of the document.
func (a *applier) errorf(pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	d := a.log.Errorf(a.at(pos), code, format, args...)
	d.RuleID = a.id
	return d
}

// warnf reports a warning of the document.
func (a *applier) warnf(pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	d := a.log.Warnf(a.at(pos), code, format, args...)
	d.RuleID = a.id
	return d
}

func (a *applier) detections(list []*sigma.Detection) []*sigma.Detection {
	if list == nil {
		return nil
	}
	out := make([]*sigma.Detection, len(list))
	for i, d := range list {
		c := *d
		c.Body = a.group(d.Body)
		out[i] = &c
	}
	return out
}

func (a *applier) group(g *sigma.Group) *sigma.Group {
	if g == nil {
		return nil
	}
	out := *g
	out.Nodes = make([]sigma.Node, len(g.Nodes))
	for i, n := range g.Nodes {
		out.Nodes[i] = a.node(n)
	}
	return &out
}

func (a *applier) node(n sigma.Node) sigma.Node {
	switch n := n.(type) {
	case *sigma.Group:
		return a.group(n)
	case *sigma.Block:
		out := *n
		out.Body = a.group(n.Body)
		out.Detections = a.detections(n.Detections)
		return &out
	case *sigma.Item:
		return a.item(n)
	}
	panic("unknown kind of detection node")
}

// item returns a copy of it with its values, or without after an error.
func (a *applier) item(it *sigma.Item) *sigma.Item {
	out := *it
	c, ok := a.resolve(it)
	if !ok {
		return &out
	}
	out.All, out.Neg = c.all, c.neq
	out.Values = make([]sigma.Value, 0, len(it.Raw))
	for _, n := range it.Raw {
		if v := a.value(c, n); v != nil {
			out.Values = append(out.Values, v)
		}
	}
	a.checkNull(it, out.Values)
	a.checkCased(it, c, out.Values)
	return &out
}

// value gives one value its type. It returns nil after an error.
func (a *applier) value(c *chain, n *yamldoc.Node) sigma.Value {
	switch {
	case c.fieldRef:
		return a.fieldRef(c, n)
	case c.timePart != "":
		return a.timePart(c, n)
	case c.operator == "re":
		return a.regex(c, n)
	case c.operator == "cidr":
		return a.cidr(c, n)
	case c.operator == "exists":
		return a.exists(n)
	case c.isText():
		return a.text(c, n)
	}
	return a.compare(c, n)
}

// valueType reports that n has a type that what cannot work with.
func (a *applier) valueType(n *yamldoc.Node, what string) {
	a.errorf(n.Pos, diag.CodeValueType, "value type: a %s cannot be used with %s", n.Kind, what)
}

// checkNull warns of null beside other values.
func (a *applier) checkNull(it *sigma.Item, values []sigma.Value) {
	if len(it.Raw) < 2 {
		return
	}
	for i, v := range values {
		if _, ok := v.(sigma.Null); ok && len(values) == len(it.Raw) {
			a.warnf(it.Raw[i].Pos, diag.CodeNullInAValueList, "null in a value list also holds for a missing field")
		}
	}
}

// checkCased warns of "cased" on values that have no letter case.
func (a *applier) checkCased(it *sigma.Item, c *chain, values []sigma.Value) {
	if !c.cased || len(values) != len(it.Raw) {
		return
	}
	for _, v := range values {
		switch v.(type) {
		case sigma.String, sigma.FieldRef, sigma.Expansion, sigma.Deferred:
			return
		}
	}
	a.warnf(it.Pos, diag.CodeNoEffect, "modifier cased has no effect on these values")
}
