package conformance

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

// judgeLoading compares the diagnostics of the compiler with what the case expects.
func (u *unit) judgeLoading(log *diag.List) {
	c := u.Case
	found, classed := false, false
	for _, g := range log.Sorted() {
		switch {
		case g.Severity != diag.SeverityError:
		case c.Error == "":
			g = c.diagnostic(g)
			u.failf(g.Pos, "unexpected error: %s [%s]", g.Msg, g.Code)
		case containsFold(g.Msg, c.Error):
			found = true
			classed = classed || u.hasClass(g)
		}
	}
	if u.Status == Failed {
		return
	}
	switch {
	case c.Error != "" && !found:
		u.failf(c.Pos, "expected an error with %q, got %s", c.Error, u.describe(log, diag.SeverityError))
	case found && !classed:
		u.failf(c.Pos, "expected the error with %q to be an error of a %s", c.Error, c.ErrorClass)
	case c.Warning != "" && !reports(log, diag.SeverityWarning, c.Warning):
		u.failf(c.Pos, "expected a warning with %q, got %s", c.Warning, u.describe(log, diag.SeverityWarning))
	}
}

// hasClass reports whether g, which has the expected text, is of the expected class: an error of a pipeline stands in one, an
// error of a rule costs a document.
func (u *unit) hasClass(g diag.Diagnostic) bool {
	switch u.Case.ErrorClass {
	case "pipeline":
		return g.Pos.File != u.Case.Documents.Name
	case "rule":
		return slices.ContainsFunc(u.prog.Documents, func(d ir.Document) bool {
			return d.Status != ir.Armed
		})
	default:
		return true
	}
}

func reports(log *diag.List, sev diag.Severity, text string) bool {
	return slices.ContainsFunc(log.All(), func(g diag.Diagnostic) bool {
		return g.Severity == sev && containsFold(g.Msg, text)
	})
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// describe lists the diagnostics of a severity, for a failure.
func (u *unit) describe(log *diag.List, sev diag.Severity) string {
	var out []string
	for _, g := range log.Sorted() {
		if g.Severity == sev {
			out = append(out, u.Case.diagnostic(g).String())
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return "\n" + strings.Join(out, "\n")
}

// judgeEvent compares the result of event i with what the case expects.
func (u *unit) judgeEvent(i int, ev *Event, res *driver.Result) {
	if res.Error != "" {
		u.failf(ev.Pos, "event %d: cannot be decoded: %s", i, res.Error)
		return
	}
	titles := make([]string, len(res.Matches))
	for j, m := range res.Matches {
		titles[j] = m.Rule
	}
	switch {
	case ev.HasRules && !slices.Equal(titles, ev.Rules):
		u.failf(ev.Pos, "event %d: expected the rules %s, got %s", i, names(ev.Rules), names(titles))
		return
	case ev.Match != nil && *ev.Match && len(titles) == 0:
		u.failf(ev.Pos, "event %d: expected a match, got none", i)
		return
	case ev.Match != nil && !*ev.Match && len(titles) > 0:
		u.failf(ev.Pos, "event %d: expected no match, got %s", i, names(titles))
		return
	}
	if ev.HasSelections {
		var got []string
		if len(res.Matches) > 0 {
			got = res.Matches[0].Selections
		}
		if !slices.Equal(got, ev.Selections) {
			u.failf(ev.Pos, "event %d: expected the selections %s, got %s", i, names(ev.Selections), names(got))
		}
	}
}

func names(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// judgeExpect checks the processed rule, which is the first of the case.
func (u *unit) judgeExpect() {
	e := u.Case.Expect
	if e == nil {
		return
	}
	u.Unchecked = e.Others
	if e.LogSource == nil && e.CustomAttributes == nil {
		return
	}
	if len(u.prog.Rules) == 0 {
		u.failf(e.Pos, "expected a rule to check, got none")
		return
	}
	meta := &u.prog.Rules[0].Meta
	if e.LogSource != nil {
		if got := logSourceMap(meta.LogSource); !reflect.DeepEqual(got, plain(e.LogSource)) {
			u.failf(e.LogSource.Pos, "expected the log source %s, got %v", yamldoc.JSON(e.LogSource), got)
		}
	}
	if e.CustomAttributes != nil {
		u.judgeAttributes(e.CustomAttributes, meta.Custom)
	}
}

// judgeAttributes checks that all expected attributes are there; there may be more.
func (u *unit) judgeAttributes(want *yamldoc.Node, custom string) {
	got := map[string]any{}
	if custom != "" {
		if err := json.Unmarshal([]byte(custom), &got); err != nil {
			u.failf(want.Pos, "the custom attributes are no JSON: %v", err)
			return
		}
	}
	for key, value := range plain(want) {
		if !reflect.DeepEqual(got[key], value) {
			u.failf(want.Pos, "expected the custom attribute %q to be %v, got %v", key, value, got[key])
		}
	}
}

// plain returns the mapping n as encoding/json sees it.
func plain(n *yamldoc.Node) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal([]byte(yamldoc.JSON(n)), &out); err != nil {
		return nil
	}
	return out
}

func logSourceMap(l rtlib.LogSource) map[string]any {
	out := map[string]any{}
	for key, value := range map[string]string{"category": l.Category, "product": l.Product, "service": l.Service} {
		if value != "" {
			out[key] = value
		}
	}
	for _, d := range l.Custom {
		out[d.Key] = d.Value
	}
	return out
}

// compareSuites fails the cases of got whose outcome differs from want, the outcome of another engine: the results must
// agree in every byte, also where the case expects nothing.
func compareSuites(want, got []*Suite) {
	for i, s := range got {
		for j, c := range s.Cases {
			c.compare(want[i].Cases[j], want[i].Engine)
		}
	}
}

func (c *CaseResult) compare(want *CaseResult, engine string) {
	u := unit{CaseResult: c}
	if c.Events != want.Events {
		u.failf(c.Case.Pos, "ended after %d events, but after %d with the engine %s", c.Events, want.Events, engine)
		return
	}
	for i := range c.results {
		a, b := encode(want.results[i]), encode(c.results[i])
		if a != b {
			u.failf(c.Case.eventPos(i), "event %d: expected what the engine %s says,\n%s, got\n%s", i, engine, a, b)
		}
	}
}

func encode(r driver.Result) string {
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// eventPos returns where event i of the case stands, those of the timeline counted after the others.
func (c *Case) eventPos(i int) diag.Pos {
	if i < len(c.Events) {
		return c.Events[i].Pos
	}
	return c.Timeline[i-len(c.Events)].Pos
}
