package pipeline

import "slices"

// removeField removes the first occurrence of each name from the output fields (section 7.11).
type removeField []string

func readRemoveField(a *params, _ *Item) transformation { return removeField(a.requiredTexts("field")) }

func (t removeField) applyRule(r *run) error {
	h := r.header()
	for _, name := range t {
		if i := slices.Index(h.Fields, name); i >= 0 {
			h.Fields = slices.Delete(h.Fields, i, i+1)
		}
	}
	return nil
}

func (t removeField) applyCorrelation(r *run) error { return t.applyRule(r) }
