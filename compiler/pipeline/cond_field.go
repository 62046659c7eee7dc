package pipeline

import (
	"regexp"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// fieldConditions are the field-name conditions by type (section 6.2).
var fieldConditions = map[string]conditionReader[fieldSubject]{
	"exclude_fields":          func(a *params) check[fieldSubject] { return readFieldNames(a, true) },
	"include_fields":          func(a *params) check[fieldSubject] { return readFieldNames(a, false) },
	"processing_item_applied": readFieldApplied,
	"processing_state":        readState[fieldSubject],
}

// fieldNames holds for the listed names, or for all others, keywords included, if exclude.
type fieldNames struct {
	exclude  bool
	plain    []string
	patterns []*regexp.Regexp
}

func readFieldNames(a *params, exclude bool) check[fieldSubject] {
	c := fieldNames{exclude: exclude}
	if !readFieldMode(a) {
		c.plain = a.list("fields")
		return c
	}
	a.list("fields")
	n := a.node.Get("fields")
	for i := 0; n != nil && i < len(n.Items); i++ {
		if n.Items[i].Kind != yamldoc.KindString {
			continue // reported by list
		}
		if re := a.compileStart(n.Items[i], "fields"); re != nil {
			c.patterns = append(c.patterns, re)
		}
	}
	return c
}

// readFieldMode reports whether the fields are regular expressions.
func readFieldMode(a *params) bool {
	words := []string{"plain", "re"}
	key := a.renamed("mode", "match_type")
	if key == "match_type" {
		words[1] = "regex"
	}
	return a.choice(key, "invalid field name matching mode", words...) == words[1]
}

func (c fieldNames) holds(_ *run, s fieldSubject) (bool, error) {
	return c.includes(s) != c.exclude, nil
}

func (c fieldNames) includes(s fieldSubject) bool {
	if s.keyword {
		return false
	}
	return slices.Contains(c.plain, s.name) || slices.ContainsFunc(c.patterns, func(re *regexp.Regexp) bool { return re.MatchString(s.name) })
}
