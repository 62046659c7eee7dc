package pipeline

// addField appends names to the output fields, duplicates included (section 7.11).
type addField []string

func readAddField(a *params, _ *Item) transformation { return addField(a.requiredTexts("field")) }

func (t addField) applyRule(r *run) error {
	h := r.header()
	h.Fields = append(h.Fields, t...)
	return nil
}

func (t addField) applyCorrelation(r *run) error { return t.applyRule(r) }
