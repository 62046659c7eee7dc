package sigma

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

const (
	windowSliding = "sliding"
	windowSession = "session"
)

var windowModes = []string{windowSliding, "tumbling", windowSession}

// window reads window mode and gap. The attributes rsigma.window and rsigma.gap win over the keys of the correlation n; an
// unusable attribute is ignored (section 16), an unusable key is an error.
func (r *reader) window(c *Correlation, n *yamldoc.Node) {
	before := r.log.Errors()
	c.Window = windowSliding
	if mode, ok := r.windowAttribute(c); ok {
		c.Window = mode
	} else if w := n.Get("window"); w != nil {
		c.Window = r.windowMode(w)
	}
	gap := n.Get("gap")
	if seconds, pos, ok := r.gapAttribute(c); ok {
		c.Gap, gap = seconds, pos
	} else if gap != nil {
		c.Gap = r.seconds(gap, "gap")
	}
	if r.log.Errors() > before {
		return
	}
	switch {
	case c.Window == windowSession && gap == nil:
		r.errorf(n.Pos, diag.CodeRequiresAGap, "a session window requires a gap")
	case c.Window != windowSession && gap != nil:
		r.errorf(gap.Pos, diag.CodeGapIsOnlyValid, "a gap is only valid with a session window, not with a %s one", c.Window)
	}
}

// windowMode reads the key "window" and reports an error if it is no mode.
func (r *reader) windowMode(n *yamldoc.Node) string {
	if n.Kind != yamldoc.KindString || !slices.Contains(windowModes, n.Text) {
		r.errorf(n.Pos, diag.CodeUnknownWindowMode, "unknown window mode %q", n.Text).Hint = diag.Suggest(n.Text, windowModes)
	}
	return n.Text
}

func (r *reader) windowAttribute(c *Correlation) (string, bool) {
	n := c.Attribute("rsigma.window")
	if n == nil {
		return "", false
	}
	if n.Kind != yamldoc.KindString || !slices.Contains(windowModes, n.Text) {
		r.warnf(n.Pos, diag.CodeInvalidAttribute, "invalid attribute rsigma.window: unknown window mode %q; it is ignored", n.Text).Hint = diag.Suggest(n.Text, windowModes)
		return "", false
	}
	return n.Text, true
}

func (r *reader) gapAttribute(c *Correlation) (int64, *yamldoc.Node, bool) {
	n := c.Attribute("rsigma.gap")
	if n == nil {
		return 0, nil, false
	}
	if n.Kind == yamldoc.KindString {
		if s, ok := ParseTimespan(n.Text); ok {
			return s, n, true
		}
	}
	r.warnf(n.Pos, diag.CodeInvalidAttribute, "invalid attribute rsigma.gap: invalid timespan %q; it is ignored", n.Text)
	return 0, nil, false
}
