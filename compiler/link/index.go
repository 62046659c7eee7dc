package link

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// index finds the rules and correlations behind references.
type index struct {
	ids   map[string][]*sigma.Document // by idKey
	names map[string][]*sigma.Document
	both  map[string][]*sigma.Document // by idKey: id or name, each document once
}

func newIndex() *index {
	return &index{
		ids:   map[string][]*sigma.Document{},
		names: map[string][]*sigma.Document{},
		both:  map[string][]*sigma.Document{},
	}
}

// idKey returns the form in which ids compare.
func idKey(id string) string {
	if sigma.IsUUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// loaded returns what reference stands for, without rejected documents.
func (x *index) loaded(reference string) []*sigma.Document {
	var out []*sigma.Document
	for _, d := range x.both[idKey(reference)] {
		if !d.Failed && (idKey(d.ID) == idKey(reference) || headerOf(d).Name == reference) {
			out = append(out, d)
		}
	}
	return out
}

// known reports whether reference would be the id or name of a document had it not been rejected.
func (x *index) known(reference string) bool { return len(x.both[idKey(reference)]) > 0 }

// headerOf returns the header of a rule or correlation, and nil for other documents.
func headerOf(d *sigma.Document) *sigma.Header {
	switch {
	case d.Rule != nil:
		return &d.Rule.Header
	case d.Correlation != nil:
		return &d.Correlation.Header
	}
	return nil
}

// fillIndex enters all rules and correlations and warns of ids and names that are taken already.
func (l *linker) fillIndex() {
	for _, d := range l.Docs {
		if d.Failed {
			l.index.enterRejected(d)
			continue
		}
		h := headerOf(d)
		if h == nil {
			continue
		}
		if h.ID != "" {
			key := idKey(h.ID)
			l.checkDuplicate(d, l.index.ids[key], diag.CodeDuplicateID, "id", h.ID)
			l.index.ids[key] = append(l.index.ids[key], d)
			l.index.enter(key, d)
		}
		if h.Name != "" {
			l.checkDuplicate(d, l.index.names[h.Name], diag.CodeDuplicateName, "name", h.Name)
			l.index.names[h.Name] = append(l.index.names[h.Name], d)
			l.index.enter(idKey(h.Name), d)
		}
	}
}

// enter adds d under key once.
func (x *index) enter(key string, d *sigma.Document) {
	if !slices.Contains(x.both[key], d) {
		x.both[key] = append(x.both[key], d)
	}
}

// enterRejected remembers the id of a rejected document, for better messages.
func (x *index) enterRejected(d *sigma.Document) {
	if d.ID != "" && (d.Kind == sigma.KindRule || d.Kind == sigma.KindCorrelation) {
		x.enter(idKey(d.ID), d)
	}
}

func (l *linker) checkDuplicate(d *sigma.Document, earlier []*sigma.Document, code diag.Code, attribute, value string) {
	if len(earlier) == 0 {
		return
	}
	w := l.warnf(d, attributePos(d, attribute), code, "duplicate %s %q; references reach both rules", attribute, value)
	w.Notes = []string{"first used at " + attributePos(earlier[0], attribute).String()}
}

// attributePos returns where the value of a top-level key of d stands, or d itself.
func attributePos(d *sigma.Document, path ...string) diag.Pos {
	h := headerOf(d)
	if d.Filter != nil {
		h = &d.Filter.Header
	}
	if h == nil {
		return d.Pos
	}
	pos, n := d.Pos, h.Node
	for _, key := range path {
		if n = n.Get(key); n != nil {
			pos = n.Pos
		}
	}
	return pos
}

// referencePos returns where position i of the rules of d stands.
func referencePos(d *sigma.Document, i int) diag.Pos {
	rules := d.Correlation.Node.Get("correlation").Get("rules")
	switch {
	case rules == nil:
		return attributePos(d, "correlation", "condition")
	case i < len(rules.Items):
		return rules.Items[i].Pos
	}
	return rules.Pos
}
