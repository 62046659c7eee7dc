package pipeline

import "slices"

// setField replaces the output fields (section 7.11).
type setField []string

func readSetField(a *params, _ *Item) transformation { return setField(a.list("fields")) }

func (t setField) applyRule(r *run) error {
	r.header().Fields = slices.Clone([]string(t))
	return nil
}

func (t setField) applyCorrelation(r *run) error { return t.applyRule(r) }
