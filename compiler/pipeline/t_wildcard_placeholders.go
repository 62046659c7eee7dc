package pipeline

// wildcardPlaceholders puts a star in the place of placeholders (section 8).
type wildcardPlaceholders struct{ selection }

func readWildcardPlaceholders(a *params, _ *Item) transformation {
	return wildcardPlaceholders{readSelection(a)}
}

func (t wildcardPlaceholders) applyRule(r *run) error {
	return r.fillPlaceholders(t.selection, func(string) ([]filling, error) { return []filling{{any: true}}, nil })
}
