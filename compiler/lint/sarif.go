package lint

import (
	"io"
	"net/url"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// levels are the severities in the words of SARIF.
var levels = [...]string{Info: "note", Warning: "warning", Error: "error"}

// WriteSARIF writes r as a SARIF 2.1.0 log, with the documentation of the codes that occur.
func WriteSARIF(w io.Writer, r *Report) error {
	run := sarif.NewRunWithInformationURI("rsigmac lint", "https://github.com/rsigma-go/rsigma")
	run.WithColumnKind("unicodeCodePoints")
	docs := docs()
	for _, f := range r.Findings {
		run.AddRule(string(f.Code)).WithShortDescription(sarif.NewMultiformatMessageString().WithText(docs[f.Code]))
		text := f.Msg
		if f.Hint != "" {
			text += " (" + f.Hint + ")"
		}
		place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewArtifactLocation().WithURI((&url.URL{Path: f.Pos.File}).String()))
		if f.Pos.Line > 0 {
			place.WithRegion(sarif.NewRegion().WithStartLine(f.Pos.Line).WithStartColumn(max(f.Pos.Col, 1)))
		}
		run.AddResult(sarif.NewRuleResult(string(f.Code)).WithLevel(levels[f.Severity]).
			WithMessage(sarif.NewTextMessage(text)).
			WithLocations([]*sarif.Location{sarif.NewLocationWithPhysicalLocation(place)}))
	}
	out := report.NewV210Report()
	out.AddRun(run)
	return out.PrettyWrite(w)
}

// docs returns what is known about every code.
func docs() map[diag.Code]string {
	out := map[diag.Code]string{}
	for _, info := range diag.Registered() {
		out[info.Code] = info.Doc
	}
	for _, c := range registry {
		out[c.Code] = c.Doc
	}
	return out
}
