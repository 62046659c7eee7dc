package pipeline

import (
	"cmp"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// changeLogsource replaces the log source of the rule, or only the parts that are given if merge (section 7.10).
type changeLogsource struct {
	parts logsourceCondition
	merge bool
}

func readChangeLogsource(a *params, _ *Item) transformation {
	t := changeLogsource{parts: readLogsourceParts(a), merge: a.flag("merge")}
	partial := t.parts.category == "" || t.parts.product == "" || t.parts.service == ""
	if partial && a.node.Get("merge") == nil {
		a.warnf(a.node.Pos, CodeCompatibility, a.where, "the parts that are not named become absent; some implementations keep them (write 'merge')")
	}
	return t
}

func (t changeLogsource) applyRule(r *run) error {
	old := sigma.LogSource{}
	if t.merge {
		old = r.rule.LogSource
	}
	old.Category = cmp.Or(t.parts.category, old.Category)
	old.Product = cmp.Or(t.parts.product, old.Product)
	old.Service = cmp.Or(t.parts.service, old.Service)
	r.rule.LogSource = old
	return nil
}
