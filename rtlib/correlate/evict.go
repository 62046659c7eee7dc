package correlate

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// A stale is a group as a candidate of eviction.
type stale struct {
	newest int64
	fed    uint64
	id     uint32
	corr   uint16
}

func (a *stale) before(b *stale) bool { return a.compare(b) < 0 }

func (a *stale) compare(b *stale) int {
	return cmp.Or(cmp.Compare(a.newest, b.newest), cmp.Compare(a.fed, b.fed))
}

// evict is step 2 of section 14.9: the stalest groups go until 90 % of the cap remain. Those of correlations that hold more than their
// equal share of what may remain go first, down to the share, so that whoever makes many groups of one correlation does not empty the others.
// Groups with a time too far ahead of now, the wall clock, are the stalest: whoever sends events of the year 2999 does not drive out the
// others. Cost: proportional to the groups held, of which it removes a tenth; times the logarithm if several correlations are above their
// share.
//
// Source: also reliability.md T8.
func (e *Engine) evict(now int64) {
	candidates := e.scratch.stale[:0]
	counts := make([]int, len(e.corrs))
	for _, id := range e.due.list {
		g := e.groups.at(id)
		c := e.corrs[g.corr]
		e.settle(c, g)
		counts[g.corr]++
		newest := e.newestOf(c, g)
		if !trusted(newest, now) {
			newest = noTime
		}
		candidates = append(candidates, stale{newest, g.fed, id, g.corr})
	}
	if e.scratch.stale = candidates; cap(candidates) > maxStale {
		e.scratch.stale = nil
	}
	n := len(candidates) - e.remain()
	candidates, n = e.evictRich(candidates, counts, n)
	selectFirst(candidates, n)
	e.evictAll(candidates[:n])
}

// maxStale bounds the memory that is kept from one eviction to the next, in groups. Of a million it would be an eighth of what they take.
const maxStale = 1 << 16

// remain is how many groups an eviction leaves.
func (e *Engine) remain() int { return e.maxGroups - (e.maxGroups+9)/10 }

// evictRich removes up to n groups of correlations with more than their share, which counts tells of. It returns the candidates that are
// left, and how many groups are still to go.
func (e *Engine) evictRich(candidates []stale, counts []int, n int) ([]stale, int) {
	share := e.remain() / len(e.corrs)
	rich, excess := 0, 0
	for _, k := range counts {
		if k > share {
			rich++
			excess += k - share
		}
	}
	if rich == 0 || len(e.corrs) == 1 {
		return candidates, n
	}
	first := 0 // groups of rich correlations stand in front of it
	for i := range candidates {
		if counts[candidates[i].corr] > share {
			candidates[first], candidates[i] = candidates[i], candidates[first]
			first++
		}
	}
	if rich == 1 {
		k := min(n, excess)
		selectFirst(candidates[:first], k)
		e.evictAll(candidates[:k])
		return candidates[k:], n - k
	}
	slices.SortFunc(candidates[:first], func(a, b stale) int { return a.compare(&b) })
	gone := 0 // they stand in front of those that stay
	for i := 0; i < first && gone < min(n, excess); i++ {
		if c := candidates[i].corr; counts[c] > share {
			counts[c]--
			candidates[gone], candidates[i] = candidates[i], candidates[gone]
			gone++
		}
	}
	e.evictAll(candidates[:gone])
	return candidates[gone:], n - gone
}

func (e *Engine) evictAll(groups []stale) {
	for i := range groups {
		g := e.groups.at(groups[i].id)
		e.stats.Evicted[g.corr]++
		e.remove(e.corrs[g.corr], groups[i].id, 0, true)
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
