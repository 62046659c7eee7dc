package correlate

import "math/rand/v2"

// A stale is a group as a candidate of eviction.
type stale struct {
	newest int64
	fed    uint64
	id     uint32
}

func (a *stale) before(b *stale) bool {
	return a.newest < b.newest || a.newest == b.newest && a.fed < b.fed
}

// evict is step 2 of section 14.9: the stalest groups go until 90 % of the cap remain. Cost: proportional to the groups held,
// of which it removes a tenth.
func (e *Engine) evict() {
	candidates := e.scratch.stale[:0]
	for _, id := range e.due.list {
		g := e.groups.at(id)
		c := e.corrs[g.corr]
		e.settle(c, g)
		candidates = append(candidates, stale{e.newestOf(c, g), g.fed, id})
	}
	e.scratch.stale = candidates
	n := len(candidates) - (e.maxGroups - (e.maxGroups+9)/10)
	selectFirst(candidates, n)
	for i := range candidates[:n] {
		id := candidates[i].id
		g := e.groups.at(id)
		e.stats.Evicted[g.corr]++
		e.remove(e.corrs[g.corr], id, 0, true)
	}
}

// selectFirst moves the n first elements of list to its front, in any order: quickselect with pivots that nobody can foresee.
func selectFirst(list []stale, n int) {
	for len(list) > 1 && 0 < n && n < len(list) {
		pivot := list[rand.IntN(len(list))]
		lo, hi := 0, len(list)-1
		for lo <= hi {
			switch {
			case list[lo].before(&pivot):
				lo++
			case pivot.before(&list[hi]):
				hi--
			default:
				list[lo], list[hi] = list[hi], list[lo]
				lo++
				hi--
			}
		}
		// list[:hi+1] ≤ pivot ≤ list[lo:]; what lies between equals the pivot.
		switch {
		case n <= hi:
			list = list[:hi+1]
		case n > lo:
			list, n = list[lo:], n-lo
		default:
			return
		}
	}
}
