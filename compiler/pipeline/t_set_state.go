package pipeline

import "github.com/rsigma-go/rsigma/compiler/yamldoc"

// setState sets an entry of the processing state, for later gates (section 7.17).
type setState struct {
	key string
	val *yamldoc.Node
}

func readSetState(a *params, _ *Item) transformation {
	return setState{key: a.requiredText("key"), val: a.required(a.renamed("val", "value"))}
}

func (t setState) applyRule(r *run) error {
	r.state[t.key] = t.val
	return nil
}

func (t setState) applyCorrelation(r *run) error { return t.applyRule(r) }
