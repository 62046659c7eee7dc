package reload

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Document is what became of one document of the rule files. It does not refer to the rule, so that it costs little to keep.
type Document struct {
	Kind             string // detection, correlation, filter or invalid
	ID, Title, Level string // as far as known
	File             string
	Status           ir.Status
	Code             diag.Code // why it is not armed
	Reason           string    // the same, for people
	Pos              diag.Pos
}

// documents returns the documents of prog in load order.
func documents(prog *ir.Program) []Document {
	out := make([]Document, len(prog.Documents))
	for i := range prog.Documents {
		d := &prog.Documents[i]
		out[i] = Document{
			Kind: kind(d.Kind), ID: d.ID, Title: d.Title, File: d.File,
			Status: d.Status, Code: d.Code, Reason: d.Reason, Pos: d.Pos,
		}
		switch {
		case d.Rule != nil:
			out[i].Level = d.Rule.Meta.Level
		case d.Correlation != nil:
			out[i].Level = d.Correlation.Rule.Meta.Level
		}
	}
	return out
}

// kind spells the kind of a document as the API does.
func kind(k string) string {
	if k == "rule" {
		return "detection"
	}
	return k
}

// linkedDocuments returns linked rules as if their documents had been loaded.
func linkedDocuments(rules engine.Rules) []Document {
	var out []Document
	add := func(kind string, m *rtlib.Meta) {
		out = append(out, Document{
			Kind: kind, ID: m.ID, Title: m.Title, Level: m.Level, File: m.Source, Status: ir.Armed, Pos: diag.Pos{File: m.Source},
		})
	}
	for _, r := range rules.Detections {
		add("detection", &r.Meta)
	}
	for _, c := range rules.Correlations {
		add("correlation", &c.Meta)
	}
	return out
}
