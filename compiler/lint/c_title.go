package lint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitle is the number of characters that lists of alerts have room for.
const maxTitle = 110

var longTitle = Check{Code: "long-title", Severity: Warning, Doc: "A title is longer than 110 characters; lists of alerts cut it off.",
	one: func(p *pass, s *subject) {
		if n := s.text("title"); n != nil && utf8.RuneCountInString(n.Text) > maxTitle {
			p.report(n.Pos, nil, "", "title of %d characters, more than %d", utf8.RuneCountInString(n.Text), maxTitle)
		}
	}}

var titleEndsWithDot = Check{Code: "title-ends-with-dot", Severity: Warning, Fixable: true, Doc: "A title ends in a full stop; it is a heading.",
	one: func(p *pass, s *subject) {
		if n := s.text("title"); n != nil && strings.HasSuffix(n.Text, ".") && !strings.HasSuffix(n.Text, "..") {
			p.report(n.Pos, s.file.rewrite(n, strings.TrimSuffix(n.Text, ".")), "", "title ends in a full stop")
		}
	}}

var titleStartsWithDetects = Check{Code: "title-starts-with-detects", Severity: Warning,
	Doc: "A title begins with \"Detects\" or \"Detection of\"; that is true of every rule. Name what was seen.",
	one: func(p *pass, s *subject) {
		if n := s.text("title"); n != nil {
			for _, start := range []string{"detects ", "detect ", "detection of "} {
				if len(n.Text) >= len(start) && strings.EqualFold(n.Text[:len(start)], start) {
					p.report(n.Pos, nil, "name what was seen", "title begins with %q", strings.TrimSpace(n.Text[:len(start)]))
				}
			}
		}
	}}

// smallWords stay in lower case in titles.
var smallWords = set("a an and as at but by for from if in into is nor not of off on onto or over per so than that the to via vs with within without " +
	"when where which while after against during be are its your")

// set returns the words of list as a set.
func set(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

var titleCase = Check{Code: "title-case", Severity: Info, Doc: "A word of a title is in lower case; titles are written with capitals. Names of programs and files are left alone.",
	one: func(p *pass, s *subject) {
		n := s.text("title")
		if n == nil {
			return
		}
		words := strings.Fields(n.Text)
		for _, w := range words {
			if len(w) > 3 && isLowerWord(w) && !smallWords[w] {
				p.report(n.Pos, nil, "", "the word %q of the title is in lower case", w)
				return
			}
		}
	}}

// isLowerWord reports whether w consists of small letters.
func isLowerWord(w string) bool {
	return strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLower(r) }) < 0
}

var duplicateTitle = Check{Code: "duplicate-title", Severity: Warning, Doc: "Two documents have the same title, so their alerts cannot be told apart.",
	all: func(p *pass, set []*subject) {
		first := map[string]*subject{}
		for _, s := range set {
			n := s.text("title")
			if n == nil {
				continue
			}
			k := strings.ToLower(strings.TrimSpace(n.Text))
			if before := first[k]; before != nil {
				p.report(n.Pos, nil, "", "the title is that of %s too", before.text("title").Pos)
				continue
			}
			first[k] = s
		}
	}}
