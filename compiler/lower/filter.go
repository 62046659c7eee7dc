package lower

import (
	"strconv"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
)

// attach narrows every condition of r by the condition of f, as written. The selections of f join those of r under names of
// their own, so that neither side sees the other's, and are never reported (sigma-language.md section 12).
func (l *lowerer) attach(r *ir.Rule, f *sigma.Filter) {
	s := scope{names: detectionNames(f.Detections), prefix: filterPrefix(r, f)}
	for _, d := range f.Detections {
		r.Selections = append(r.Selections, rtlib.Selection{Name: s.prefix + d.Name, Body: l.group(d.Body), Hidden: true})
	}
	r.ConditionTexts = append(r.ConditionTexts, "and filter "+strconv.Quote(f.Title)+": "+f.Condition.Text)
	for i, c := range r.Conditions {
		r.Conditions[i] = rtlib.AllConds{c, s.cond(f.Condition.Tree)}
	}
}

// filterPrefix names the selections of f within r. Two filters of one title are numbered.
func filterPrefix(r *ir.Rule, f *sigma.Filter) string {
	prefix := "filter " + f.Title + ": "
	for n := 2; taken(r, prefix, f); n++ {
		prefix = "filter " + f.Title + " " + strconv.Itoa(n) + ": "
	}
	return prefix
}

func taken(r *ir.Rule, prefix string, f *sigma.Filter) bool {
	for _, d := range f.Detections {
		if r.Selection(prefix+d.Name) != nil {
			return true
		}
	}
	return false
}
