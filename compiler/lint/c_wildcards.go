package lint

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// affix says what modifier stands for the stars around a value.
func affix(text string) (modifier, inner string) {
	front, back := strings.HasPrefix(text, "*"), len(text) > 1 && endsInStar(text)
	inner = text
	if front {
		inner = inner[1:]
	}
	if back {
		inner = inner[:len(inner)-1]
	}
	if inner == "" || hasWildcard(inner) {
		return "", ""
	}
	switch {
	case front && back:
		return "contains", inner
	case front:
		return "endswith", inner
	case back:
		return "startswith", inner
	}
	return "", ""
}

// commonAffix returns the modifier that stands for the stars of all values, or "".
func commonAffix(values []*yamldoc.Node) (modifier string, inner []string) {
	for _, v := range values {
		m, text := affix(v.Text)
		if m == "" || modifier != "" && m != modifier || strings.HasSuffix(text, `\`) {
			return "", nil
		}
		modifier, inner = m, append(inner, text)
	}
	return modifier, inner
}

var wildcardsForModifier = Check{Code: "wildcards-instead-of-modifier", Severity: Warning, Fixable: true, Doc: "All values of a field begin or end in a star; contains, startswith or endswith says that.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if it.Field.Kind == sigma.FieldKeyword || !isText(it) || hasOperator(it) || encoded(it) || has(it, "windash") {
				return
			}
			values := stringValues(it)
			modifier, inner := commonAffix(values)
			if modifier == "" {
				return
			}
			p.reportItem(it, s.file.toModifier(it, modifier, values, inner), "", "use |%s instead of stars for %s", modifier, fieldName(it))
		})
	}}

// toModifier returns the edits that give it a modifier and its values without stars, or nil.
func (f *file) toModifier(it *sigma.Item, modifier string, values []*yamldoc.Node, inner []string) []Edit {
	key := it.Field.Name
	for _, m := range it.Modifiers {
		key += "|" + m.Name
	}
	edits := f.rekey(it.Pos, key, it.Field.Name+"|"+modifier+strings.TrimPrefix(key, it.Field.Name))
	if edits == nil {
		return nil
	}
	for i, v := range values {
		edit := f.rewrite(v, inner[i])
		if edit == nil {
			return nil
		}
		edits = append(edits, edit...)
	}
	return edits
}

var redundantWildcard = Check{Code: "redundant-wildcard", Severity: Warning, Fixable: true, Doc: "A value under contains, startswith or endswith has a star where the modifier has one already.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if !isText(it) || !hasOperator(it) || encoded(it) {
				return
			}
			for _, v := range it.Raw {
				to := v.Text
				if has(it, "contains", "endswith") {
					to = strings.TrimLeft(to, "*")
				}
				for has(it, "contains", "startswith") && len(to) > 0 && endsInStar(to) {
					to = strings.TrimSuffix(to, "*")
				}
				if to != v.Text && v.Kind == yamldoc.KindString && to != "" && !strings.HasSuffix(to, `\`) {
					p.report(v.Pos, s.file.rewrite(v, to), "", "the star of %q does nothing under its modifier", v.Text)
				}
			}
		})
	}}

// liveStars matches two stars behind an even number of backslashes.
var liveStars = regexp.MustCompile(`(^|[^\\])((?:\\\\)*)\*{2,}`)

var doubleWildcard = Check{Code: "double-wildcard", Severity: Warning, Fixable: true, Doc: "A value holds two stars in a row; one says the same.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if !isText(it) || encoded(it) {
				return
			}
			for _, v := range it.Raw {
				if to := liveStars.ReplaceAllString(v.Text, "$1$2*"); v.Kind == yamldoc.KindString && to != v.Text {
					p.report(v.Pos, s.file.rewrite(v, to), "", "two stars in a row in %q", v.Text)
				}
			}
		})
	}}

var loneWildcard = Check{Code: "lone-wildcard", Severity: Info, Doc: "A value is a single star: it asks for any text. exists: true asks for the field, null included.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if it.Field.Kind == sigma.FieldKeyword || !isText(it) || encoded(it) {
				return
			}
			for _, v := range it.Raw {
				if v.Kind == yamldoc.KindString && v.Text == "*" {
					p.report(v.Pos, nil, "consider "+it.Field.Name+"|exists: true", "the value of %s is a single star", it.Field.Name)
				}
			}
		})
	}}

// overEscaped matches a text with four backslashes in a row that is no share.
var overEscaped = regexp.MustCompile(`[^\\]\\{4,}[^\\]`)

var doubledBackslashes = Check{Code: "doubled-backslashes", Severity: Info, Doc: "A value has four backslashes in a row inside, which mean two; paths have one. Under re this is right for two.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if !isText(it) {
				return
			}
			for _, v := range it.Raw {
				if v.Kind == yamldoc.KindString && overEscaped.MatchString(v.Text) {
					p.report(v.Pos, nil, "", "four backslashes in %q mean two", v.Text)
				}
			}
		})
	}}
