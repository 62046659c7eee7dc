package condition

import "strings"

// MatchName reports whether the selector target pattern picks the detection called name: the whole name must match, letter
// case counts, and "*" stands for any run of characters. Names that begin with "_" are only picked by patterns that do too.
//
// Source: sigma-language.md section 10.
func MatchName(pattern, name string) bool {
	if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
		return false
	}
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	// Taking the first place for each inner part leaves the most for those after it, so there is nothing to go back to.
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(part):], after
	}
}
