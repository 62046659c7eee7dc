package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// setCustomAttribute sets a custom attribute of the rule (section 7.17).
type setCustomAttribute struct {
	attribute string
	value     *yamldoc.Node
}

func readSetCustomAttribute(a *params, _ *Item) transformation {
	return setCustomAttribute{attribute: a.requiredText("attribute"), value: a.required("value")}
}

func (t setCustomAttribute) applyRule(r *run) error {
	h := r.header()
	i := slices.IndexFunc(h.Custom, func(c sigma.Attribute) bool { return c.Key == t.attribute })
	if i < 0 {
		i = len(h.Custom)
		h.Custom = append(h.Custom, sigma.Attribute{Key: t.attribute})
	}
	h.Custom[i].Value = t.value
	return nil
}

func (t setCustomAttribute) applyCorrelation(r *run) error { return t.applyRule(r) }
