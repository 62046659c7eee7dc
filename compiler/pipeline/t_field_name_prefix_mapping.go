package pipeline

import "strings"

// fieldNamePrefixMapping replaces the first prefix, in written order, that a field name has (section 7.3).
type fieldNamePrefixMapping []target

func readFieldNamePrefixMapping(a *params, _ *Item) transformation {
	n := a.required("mapping")
	t := fieldNamePrefixMapping(a.targets("mapping", n, false))
	for _, target := range t {
		if target.null {
			a.invalid(n, "mapping", "null is not a prefix")
		}
	}
	return renaming{t}
}

func (t fieldNamePrefixMapping) rename(name string, keyword bool) []string {
	if keyword {
		return nil
	}
	for _, target := range t {
		rest, ok := strings.CutPrefix(name, target.key)
		if !ok {
			continue
		}
		var out []string
		for _, prefix := range target.to {
			out = append(out, prefix+rest)
		}
		return out
	}
	return nil
}
