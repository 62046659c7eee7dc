package lower

import (
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// The engine attributes that steer correlations (sigma-language.md section 16). They are read here and not by the parser, since
// pipelines may set them.
const (
	attributeSuppress        = "rsigma.suppress"
	attributeAction          = "rsigma.action"
	attributeTimestampField  = "rsigma.timestamp_field"
	attributeEventMode       = "rsigma.correlation_event_mode"
	attributeMaxEvents       = "rsigma.max_correlation_events"
	attributeMaxGroupEntries = "rsigma.max_group_entries"
	attributeWindow          = "rsigma.window"
	attributeGap             = "rsigma.gap"
)

// correlationAttributes fills in what the correlation says for itself. An unusable value is ignored with a warning.
func (l *lowerer) correlationAttributes(c *sigma.Correlation, out *correlate.Rule) {
	l.attribute(&c.Header, attributeSuppress, "a timespan such as 5m", func(n *yamldoc.Node) (ok bool) {
		out.Suppress, ok = sigma.ParseTimespan(n.Text)
		return ok
	})
	l.attribute(&c.Header, attributeAction, "alert or reset", func(n *yamldoc.Node) bool {
		out.Action = named(n.Text, correlate.ActionReset)
		return out.Action != correlate.ActionDefault
	})
	l.attribute(&c.Header, attributeEventMode, "none, full or refs", func(n *yamldoc.Node) (ok bool) {
		out.EventMode, ok = correlate.ParseEventMode(strings.ToLower(n.Text))
		return ok
	})
	l.attribute(&c.Header, attributeMaxEvents, "a whole number from 1", func(n *yamldoc.Node) (ok bool) {
		out.MaxEvents, ok = positive(n.Text, 1)
		if out.EventMode == correlate.EventsRefs && out.MaxEvents > correlate.MaxRefs {
			l.warnf(&c.Header, n, diag.CodeNoEffect, "attribute %s: a group keeps at most %d event references", attributeMaxEvents, correlate.MaxRefs)
		}
		return ok
	})
	l.attribute(&c.Header, attributeMaxGroupEntries, "a whole number from 0; 0 counts as 1", func(n *yamldoc.Node) (ok bool) {
		out.MaxGroupEntries, ok = positive(n.Text, 0)
		out.MaxGroupEntries = max(out.MaxGroupEntries, 1)
		return ok
	})
	l.timestampField(&c.Header)
	l.window(c, out)
}

// ruleAttributes checks the attributes with which a detection rule sets defaults of the engine, which package correlate reads.
func (l *lowerer) ruleAttributes(r *sigma.Rule) {
	l.attribute(&r.Header, attributeSuppress, "a timespan such as 5m", func(n *yamldoc.Node) bool {
		_, ok := sigma.ParseTimespan(n.Text)
		l.reach(&r.Header, n, attributeSuppress, ok)
		return ok
	})
	l.attribute(&r.Header, attributeAction, "alert or reset", func(n *yamldoc.Node) bool {
		ok := named(n.Text, correlate.ActionReset) != correlate.ActionDefault
		l.reach(&r.Header, n, attributeAction, ok)
		return ok
	})
	l.timestampField(&r.Header)
}

// reach warns that an attribute of a detection rule is a default for all correlations.
func (l *lowerer) reach(h *sigma.Header, n *yamldoc.Node, key string, ok bool) {
	if ok {
		l.warnf(h, n, diag.CodeEngineDefault, "attribute %s of a detection rule is a default for all correlations, not only for those that use the rule", key).Hint =
			"set it on the correlation rule instead"
	}
}

func (l *lowerer) timestampField(h *sigma.Header) {
	l.attribute(h, attributeTimestampField, "a field name", func(n *yamldoc.Node) bool {
		return n.Kind == yamldoc.KindString && n.Text != ""
	})
}

// window applies the attributes that the parser has read too, and again for those that a pipeline set.
func (l *lowerer) window(c *sigma.Correlation, out *correlate.Rule) {
	if n := c.Attribute(attributeWindow); n != nil && isWindowMode(n.Text) {
		out.Window = windowMode(n.Text)
	}
	if n := c.Attribute(attributeGap); n != nil {
		if seconds, ok := sigma.ParseTimespan(n.Text); ok {
			out.Gap = seconds
		}
	}
	switch {
	case out.Window == correlate.Session && out.Gap == 0:
		l.errorf(c.Pos, diag.CodeRequiresAGap, "a session window requires a gap")
	case out.Window != correlate.Session:
		out.Gap = 0
	}
}

func isWindowMode(name string) bool { return windowMode(name).String() == name }

// attribute hands the value of an attribute to set and warns if it cannot be used.
func (l *lowerer) attribute(h *sigma.Header, key, want string, set func(*yamldoc.Node) bool) {
	n := h.Attribute(key)
	if n == nil || n.IsScalar() && n.Kind != yamldoc.KindNull && set(n) {
		return
	}
	l.warnf(h, n, diag.CodeInvalidAttribute, "invalid attribute %s: expected %s; it is ignored", key, want)
}

// warnf reports a warning at n, or at the document for values that pipelines made.
func (l *lowerer) warnf(h *sigma.Header, n *yamldoc.Node, code diag.Code, format string, args ...any) *diag.Diagnostic {
	pos := n.Pos
	if pos.Line == 0 {
		pos = h.Pos
	}
	pos.Doc = h.Pos.Doc
	d := l.log.Warnf(pos, code, format, args...)
	d.RuleID = l.ruleID
	return d
}

// positive reads a whole number that is not below least.
func positive(text string, least int) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < least {
		return 0, false
	}
	return n, true
}
