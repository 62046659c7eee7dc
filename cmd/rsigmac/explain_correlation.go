package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// correlationReport says what a sequence of events did to one correlation.
type correlationReport struct {
	Title     string         `json:"title"`
	ID        string         `json:"id,omitempty"`
	Source    string         `json:"source"`
	Type      string         `json:"type"`
	Window    string         `json:"window"`
	Timespan  int64          `json:"timespan_secs"`
	Condition string         `json:"condition"`
	Fed       []feedReport   `json:"fed"`
	Fired     []firingReport `json:"fired"`
	Groups    []groupReport  `json:"groups"`
}

type feedReport struct {
	Event int    `json:"event"` // from 1
	Rule  string `json:"rule"`
}

type firingReport struct {
	Event int         `json:"event"`
	Time  string      `json:"time"`
	Value float64     `json:"value"`
	Group [][2]string `json:"group_key"`
}

// groupReport is one group as the events left it.
type groupReport struct {
	Group   [][2]string `json:"group_key"`
	Absent  []string    `json:"absent,omitempty"` // parts of the key that no event had
	Entries uint64      `json:"entries"`
	Value   float64     `json:"value"`
	Holds   bool        `json:"holds"`
	Oldest  string      `json:"oldest,omitempty"`
	Newest  string      `json:"newest,omitempty"`
	EmptyAt string      `json:"empty_at,omitempty"`
	// Present and Missing are the references with and without an entry in the window, of temporal types.
	Present         []string `json:"present,omitempty"`
	Missing         []string `json:"missing,omitempty"`
	SuppressedUntil string   `json:"suppressed_until,omitempty"`
}

func (s *sequence) reports() []correlationReport {
	out := []correlationReport{}
	for _, c := range s.chosen {
		r := correlationReport{
			Title: c.Meta.Title, ID: c.Meta.ID, Source: c.Meta.Source, Type: c.Type.String(), Window: c.Window.String(), Timespan: c.Timespan,
			Condition: conditionText(c), Fed: []feedReport{}, Fired: []firingReport{}, Groups: []groupReport{},
		}
		for _, f := range s.fed[c] {
			r.Fed = append(r.Fed, feedReport{f.event, f.title})
		}
		for _, f := range s.fired[c] {
			group := [][2]string{}
			for _, g := range f.group {
				group = append(group, [2]string{g.Name, g.Value})
			}
			r.Fired = append(r.Fired, firingReport{f.event, timeText(f.time), f.value, group})
		}
		for _, g := range s.groups(c) {
			r.Groups = append(r.Groups, newGroupReport(&g))
		}
		out = append(out, r)
	}
	return out
}

func newGroupReport(g *correlate.GroupInfo) groupReport {
	out := groupReport{Group: [][2]string{}, Entries: g.Entries, Value: g.Value, Holds: g.Holds}
	for _, k := range g.Key {
		if k.Present {
			out.Group = append(out.Group, [2]string{k.Name, k.Value})
		} else {
			out.Absent = append(out.Absent, k.Name)
		}
	}
	if g.Entries > 0 {
		out.Oldest, out.Newest, out.EmptyAt = timeText(g.Oldest), timeText(g.Newest), timeText(g.EmptyAt)
	}
	for _, ref := range g.References {
		if ref.Entries > 0 {
			out.Present = append(out.Present, ref.Reference)
		} else {
			out.Missing = append(out.Missing, ref.Reference)
		}
	}
	if g.HasAlert && g.Suppress > 0 {
		out.SuppressedUntil = timeText(g.LastAlert + g.Suppress)
	}
	return out
}

func timeText(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// conditionText spells the condition out.
func conditionText(c *correlate.Rule) string {
	if c.Extended != nil {
		return extendedText(c.Extended)
	}
	parts := make([]string, len(c.Thresholds))
	for i, t := range c.Thresholds {
		parts[i] = t.Op.String() + " " + strconv.FormatFloat(t.Value, 'f', -1, 64)
	}
	return strings.Join(parts, " and ")
}

func extendedText(c rtlib.Cond) string {
	join := func(terms []rtlib.Cond, word string) string {
		parts := make([]string, len(terms))
		for i, t := range terms {
			parts[i] = extendedText(t)
		}
		return "(" + strings.Join(parts, word) + ")"
	}
	switch c := c.(type) {
	case rtlib.Sel:
		return string(c)
	case rtlib.NotCond:
		return "not " + extendedText(c.X)
	case rtlib.AllConds:
		return join(c, " and ")
	case rtlib.AnyConds:
		return join(c, " or ")
	default:
		return ""
	}
}

// write prints r for people.
func (r *correlationReport) write(p *tracePrinter) {
	verdict := diag.Paint("did not fire", diag.StyleWarning, p.colored)
	if n := len(r.Fired); n > 0 {
		verdict = diag.Paint("fired "+times(n), diag.StyleGood, p.colored)
	}
	p.line(0, "%s: %s (%s)", diag.Paint(diag.Printable(r.Title), diag.StyleHead, p.colored), verdict, diag.Printable(r.Source))
	p.line(1, "%s in a %s window of %s, fires at: %s", r.Type, r.Window, spanText(r.Timespan), diag.Printable(r.Condition))
	if len(r.Fed) == 0 {
		p.line(1, "no event matched a rule that feeds it")
	}
	for _, f := range r.Fed {
		p.line(1, "event %d: fed by %s", f.Event, diag.Printable(f.Rule))
		for _, fired := range r.Fired {
			if fired.Event == f.Event {
				p.line(2, "%s, value %s%s", diag.Paint("fired", diag.StyleGood, p.colored), number(fired.Value), groupText(fired.Group, nil))
			}
		}
	}
	for i := range r.Groups {
		r.Groups[i].write(p)
	}
}

func (g *groupReport) write(p *tracePrinter) {
	p.line(1, "group%s: %s in the window, value %s", groupText(g.Group, g.Absent), entries(g.Entries), number(g.Value))
	detail := func(format string, args ...any) {
		p.line(2, "%s", diag.Paint(diag.Printable(fmt.Sprintf(format, args...)), diag.StyleFaint, p.colored))
	}
	if g.Entries > 0 {
		detail("from %s to %s, empty at %s", g.Oldest, g.Newest, g.EmptyAt)
	}
	if len(g.Present) > 0 {
		detail("in the window: %s", strings.Join(g.Present, ", "))
	}
	if len(g.Missing) > 0 {
		detail("not in the window: %s", strings.Join(g.Missing, ", "))
	}
	if g.SuppressedUntil != "" {
		detail("reported; suppressed until %s", g.SuppressedUntil)
	}
	if g.Entries > 0 && !g.Holds {
		detail("the condition does not hold")
	}
}

func groupText(key [][2]string, absent []string) string {
	var parts []string
	for _, k := range key {
		parts = append(parts, k[0]+"="+k[1])
	}
	for _, name := range absent {
		parts = append(parts, name+" absent")
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + diag.Printable(strings.Join(parts, ", "))
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.FormatUint(n, 10) + " entries"
}

// spanText returns a number of seconds as 90s, 5m, 2h or 1d.
func spanText(seconds int64) string {
	switch {
	case seconds%correlate.Day == 0:
		return strconv.FormatInt(seconds/correlate.Day, 10) + "d"
	case seconds%correlate.Hour == 0:
		return strconv.FormatInt(seconds/correlate.Hour, 10) + "h"
	case seconds%correlate.Minute == 0:
		return strconv.FormatInt(seconds/correlate.Minute, 10) + "m"
	default:
		return strconv.FormatInt(seconds, 10) + "s"
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
