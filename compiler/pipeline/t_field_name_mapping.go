package pipeline

// fieldNameMapping replaces field names by exact look-up. The null key stands for keywords (section 7.2).
type fieldNameMapping struct {
	names    map[string][]string
	keywords []string
}

func readFieldNameMapping(a *params, _ *Item) transformation {
	t := fieldNameMapping{names: map[string][]string{}}
	for _, target := range a.targets("mapping", a.required("mapping"), false) {
		if target.null {
			t.keywords = target.to
			continue
		}
		t.names[target.key] = target.to
	}
	return renaming{t}
}

func (t fieldNameMapping) rename(name string, keyword bool) []string {
	if keyword {
		return t.keywords
	}
	return t.names[name]
}
