package lint

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

// odd returns the first character of text that people do not see or take for another.
func odd(text string) (rune, bool) {
	for _, r := range text {
		switch {
		case r == '\n', r == '\t', r == ' ':
		case r == '\u200c', r == '\u200d', r >= 0xe0020 && r <= 0xe007f: // joiners and flags of emoji and of scripts that need them
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.IsSpace(r), r == unicode.ReplacementChar:
			return r, true
		}
	}
	return 0, false
}

var invisibleCharacter = Check{Code: "invisible-character", Severity: Warning, Doc: "A value or key of a detection holds a control character, an odd blank or another character that nobody sees.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if r, found := odd(it.Field.Name); found {
				p.reportItem(it, nil, "", "the field name holds %U", r)
			}
			for _, v := range it.Raw {
				if r, found := odd(v.Text); found {
					p.report(v.Pos, nil, "", "the value holds %U, which nobody sees", r)
				}
			}
		})
	}}

var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

var numberAsString = Check{Code: "number-as-string", Severity: Info, Doc: "A number is in quotes, so it is compared as text: '4688' does not match 4688.0 or \"04688\".",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if it.Field.Kind == sigma.FieldKeyword || len(it.Modifiers) > 0 {
				return
			}
			for _, v := range it.Raw {
				if v.Kind == yamldoc.KindString && digits.MatchString(v.Text) {
					p.report(v.Pos, nil, "write it without quotes", "the number %s is in quotes", v.Text)
				}
			}
		})
	}}

// valueKey is what makes two values the same.
func valueKey(it *sigma.Item, v *yamldoc.Node) string {
	text := v.Text
	if !has(it, "cased", "re", "base64", "base64offset") {
		text = rtlib.Fold(text)
	}
	return v.Kind.String() + ":" + text
}

var duplicateValue = Check{Code: "duplicate-value", Severity: Warning, Fixable: true, Doc: "A list of values holds a value twice, letter case apart.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			seen := map[string]bool{}
			for _, v := range it.Raw {
				k := valueKey(it, v)
				if seen[k] {
					var edits []Edit
					if len(it.Raw) > 2 || !has(it, "all") {
						edits = s.file.removeItem(v)
					}
					p.report(v.Pos, edits, "", "the value %q stands there twice", v.Text)
				}
				seen[k] = true
			}
		})
	}}

// maxCompared bounds the lists whose values are compared with each other.
const maxCompared = 300

var subsumedValue = Check{Code: "subsumed-value", Severity: Info, Doc: "A value of a list can never add a match, because a shorter one of the same list covers it.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			values := stringValues(it)
			if !isText(it) || !hasOperator(it) || encoded(it) || has(it, "all", "cased", "neq") || len(values) < 2 || len(values) > maxCompared {
				return
			}
			for _, v := range values {
				for _, w := range values {
					a, b := strings.ToLower(v.Text), strings.ToLower(w.Text)
					if a != b && !hasWildcard(a) && !hasWildcard(b) && covers(it, b, a) {
						p.report(v.Pos, nil, "", "%q is covered by %q", v.Text, w.Text)
						break
					}
				}
			}
		})
	}}

// covers reports whether every text that long hits is hit by short.
func covers(it *sigma.Item, short, long string) bool {
	switch {
	case short == "":
		return true
	case has(it, "contains"):
		return strings.Contains(long, short)
	case has(it, "startswith"):
		return strings.HasPrefix(long, short)
	}
	return strings.HasSuffix(long, short)
}

var singleItemList = Check{Code: "single-item-list", Severity: Info, Optional: true, Doc: "A list holds a single value; the value alone says the same.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if len(it.Raw) == 1 && it.Field.Kind != sigma.FieldKeyword && it.Raw[0].Pos.Line != it.Pos.Line && !it.Raw[0].Block {
				p.reportItem(it, nil, "", "%s has a list of one value", fieldName(it))
			}
		})
	}}

var emptyContains = Check{Code: "empty-part", Severity: Warning, Doc: "A value under contains, startswith or endswith is empty: it matches every text.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			for _, v := range it.Raw {
				if hasOperator(it) && v.Kind == yamldoc.KindString && v.Text == "" {
					p.report(v.Pos, nil, "use exists, or take it out", "an empty value is part of every text")
				}
			}
		})
	}}

// pathFields hold paths of programs.
var pathFields = map[string]bool{"Image": true, "ParentImage": true, "SourceImage": true, "TargetImage": true, "ImageLoaded": true}

var looseEnding = Check{Code: "ending-without-separator", Severity: Info, Doc: "A program is looked for by the end of its path without a separator in front: 'net.exe' matches 'xnet.exe' too.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if !pathFields[it.Field.Name] || !has(it, "endswith") {
				return
			}
			for _, v := range it.Raw {
				if v.Kind == yamldoc.KindString && strings.HasSuffix(strings.ToLower(v.Text), ".exe") && len(v.Text) > 4 && !strings.ContainsAny(v.Text, `\/*?`) && !strings.ContainsAny(v.Text[:1], "._-") {
					p.report(v.Pos, nil, `write '\`+v.Text+`'`, "%q has no separator in front", v.Text)
				}
			}
		})
	}}
