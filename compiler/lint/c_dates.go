package lint

import (
	"time"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// slashes is the layout of dates before version 2 of the specification.
const slashes = "2006/1/2"

var dateFormat = Check{Code: "date-format", Severity: Warning, Fixable: true, Doc: "A date is written YYYY/MM/DD, as it was before version 2 of the specification.",
	one: func(p *pass, s *subject) {
		for _, key := range []string{"date", "modified"} {
			if n := s.text(key); n != nil {
				if t, err := time.Parse(slashes, n.Text); err == nil {
					p.report(n.Pos, s.file.rewriteDate(n, t.Format(time.DateOnly)), "", "%s with slashes; write %s", key, t.Format(time.DateOnly))
				}
			}
		}
	}}

// rewriteDate is rewrite for a date, which needs no quotes.
func (f *file) rewriteDate(n *yamldoc.Node, to string) []Edit {
	edits := f.rewrite(n, to)
	if s, ok := f.scalar(n.Pos, n.Text); ok && s.quote == ' ' && edits != nil {
		edits[0].New = to
	}
	return edits
}

var modifiedBeforeDate = Check{Code: "modified-before-date", Severity: Warning, Doc: "A rule was modified before it was made.",
	one: func(p *pass, s *subject) {
		made, ok := dateOf(s.text("date"))
		changed, also := dateOf(s.text("modified"))
		if ok && also && changed.Before(made) {
			p.report(s.text("modified").Pos, nil, "", "modified is before date")
		}
	}}

func dateOf(n *yamldoc.Node) (time.Time, bool) {
	if n == nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, slashes} {
		if t, err := time.Parse(layout, n.Text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
