package ruleset

import "github.com/rsigma-go/rsigma/rtlib"

// keywordTable knows the keyword predicates whose literals are all in the index, so that the one search of an event's strings
// that the index makes is the answer for them: each literal was compared, and none reaches from one string into the next.
type keywordTable struct {
	size  int // number of keyword literals in the index
	preds map[*rtlib.Pred][]int32
}

func newKeywordTable(rules []*rtlib.Rule, b *fieldBuilder) *keywordTable {
	t := &keywordTable{preds: map[*rtlib.Pred][]int32{}}
	if b == nil {
		return t
	}
	t.size = len(b.contains.texts)
	for _, r := range rules {
		for _, s := range r.Selections {
			rtlib.Walk(s.Body, func(x rtlib.Expr) {
				if p, ok := x.(*rtlib.Pred); ok {
					t.add(p, &b.contains)
				}
			})
		}
	}
	return t
}

// add notes p if it asks for one of several literals that are all in the index.
func (t *keywordTable) add(p *rtlib.Pred, lits *literals) {
	if p.Field != rtlib.AnyString || p.Op != rtlib.ContainsFold || p.All && len(p.Strings) > 1 {
		return
	}
	var ids []int32
	for _, s := range p.Strings {
		id, ok := lits.ids[rtlib.Fold(s)]
		if !ok {
			return
		}
		ids = append(ids, id)
	}
	if len(ids) > 0 {
		t.preds[p] = ids
	}
}

// remember notes the keywords found in the current event.
func (sc *Scratch) remember(ids []int32) {
	if sc.event++; sc.event == 0 { // after four thousand million events
		clear(sc.found)
		sc.event = 1
	}
	for _, id := range ids {
		sc.found[id] = sc.event
	}
}

// Holds implements rtlib.KeywordSearch.
func (sc *Scratch) Holds(p *rtlib.Pred) (holds, known bool) {
	ids, known := sc.keywords.preds[p]
	for _, id := range ids {
		if sc.found[id] == sc.event {
			return true, true
		}
	}
	return false, known
}
