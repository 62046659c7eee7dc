package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// comment matches a comment that switches checks off: for the file, for its own line, or for the next. The codes follow, separated by
// commas or blanks; without any all checks are meant. A reason may follow after two hyphens.
var comment = regexp.MustCompile(`(?:^|\s)#\s*rsigma-disable(-line|-next-line)?(?:\s+([A-Za-z][\w, -]*?))?\s*(?:--.*)?$`)

// suppression is one such comment.
type suppression struct {
	line  int // 0 for the file
	codes []diag.Code
}

// suppressions returns the comments of f.
func (f *file) suppressions() []suppression {
	if !strings.Contains(string(f.data), "rsigma-disable") {
		return nil
	}
	var out []suppression
	for n := 1; n <= len(f.lines); n++ {
		text, _, _ := f.line(n)
		m := comment.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		s := suppression{}
		switch m[1] {
		case "-line":
			s.line = n
		case "-next-line":
			s.line = n + 1
		}
		for _, word := range strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' }) {
			s.codes = append(s.codes, diag.Code(strings.ReplaceAll(word, "_", "-")))
		}
		out = append(out, s)
	}
	return out
}

// suppress splits the findings into those that stay, and a count of those that a comment switches off. Errors stay.
func (p *pass) suppress() (stay []Finding, suppressed int) {
	comments := map[string][]suppression{}
	for name, f := range p.files {
		comments[name] = f.suppressions()
	}
	for _, f := range p.findings {
		covered := func(s suppression) bool {
			return (s.line == 0 || s.line == f.Pos.Line) && (len(s.codes) == 0 || slices.Contains(s.codes, f.Code))
		}
		if f.Severity != Error && slices.ContainsFunc(comments[f.Pos.File], covered) {
			suppressed++
			continue
		}
		stay = append(stay, f)
	}
	return stay, suppressed
}
