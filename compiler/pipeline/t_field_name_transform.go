package pipeline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fieldNameTransform changes the letters of field names; entries of its mapping go before (section 7.5).
type fieldNameTransform struct {
	names  map[string][]string
	change func(name string) string
}

// letterChanges are the functions by name.
var letterChanges = map[string]func(string) string{
	"lower":      strings.ToLower,
	"upper":      strings.ToUpper,
	"title":      titleCase,
	"snake_case": snakeCase,
}

func readFieldNameTransform(a *params, _ *Item) transformation {
	a.required("transform_func")
	word := a.choice("transform_func", "invalid value", "lower", "upper", "title", "snake_case")
	t := fieldNameTransform{names: map[string][]string{}, change: letterChanges[word]}
	for _, target := range a.targets("mapping", a.optional("mapping"), false) {
		t.names[target.key] = target.to
	}
	if a.flag("apply_keyword") {
		a.invalid(a.node.Get("apply_keyword"), "apply_keyword", "keywords have no name to change")
	}
	return renaming{t}
}

func (t fieldNameTransform) rename(name string, keyword bool) []string {
	if keyword {
		return nil
	}
	if to := t.names[name]; to != nil {
		return to
	}
	return []string{t.change(name)}
}

// snakeCase puts an underscore before every upper-case letter but a leading one, and lowers all.
func snakeCase(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// titleCase capitalises the parts between characters that are neither letters nor digits and joins them with underscores.
func titleCase(s string) string {
	parts := strings.FieldsFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	for i, part := range parts {
		first, size := utf8.DecodeRuneInString(part)
		parts[i] = string(unicode.ToUpper(first)) + strings.ToLower(part[size:])
	}
	return strings.Join(parts, "_")
}
