package correlate

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// The twin says what section 14 of the specification says, as plainly as possible. It keeps everything that ever happened to a
// group and works out the window from the beginning whenever it needs it. It shares no code with the engine.

type twinEvent struct {
	time   *int64
	fields map[string]any // string, float64, nil, or []any for what has no text
	hits   []int
	id     string // key "id", if not empty
	json   string
}

// A twinOp is one thing that happened to a group.
type twinOp struct {
	what     string // feed, age, clear
	t        int64
	value    string  // value_count
	number   float64 // numeric types
	position []int   // temporal types
	event    *twinEvent
}

type twinEntry struct {
	t      int64
	value  string
	number float64
	event  *twinEvent
}

type twinGroup struct {
	key     []*string
	history []twinOp
	fed     int
	live    bool
	alert   *int64
}

type twin struct {
	rules      []*Rule
	detections []string // sources
	opts       Options
	groups     []map[string]*twinGroup
	fed        int
	newest     *int64
}

type twinFiring struct {
	rule   int
	time   int64
	group  []GroupValue
	value  float64
	events []string
	refs   []Ref
}

func newTwin(detections []string, rules []*Rule, opts Options) *twin {
	tw := &twin{rules: rules, detections: detections, opts: opts}
	for range rules {
		tw.groups = append(tw.groups, map[string]*twinGroup{})
	}
	return tw
}

// window is what a group retains: for each position (one position for types other than temporal) its entries, and the buffer.
type twinWindow struct {
	at     [][]twinEntry
	buffer []twinEntry
}

func (w *twinWindow) count() (n int) {
	for _, list := range w.at {
		n += len(list)
	}
	return n
}

func (w *twinWindow) newest() int64 {
	best := int64(-1)
	for _, list := range w.at {
		if len(list) > 0 {
			best = max(best, list[len(list)-1].t)
		}
	}
	return best
}

func (w *twinWindow) oldest() int64 {
	best := int64(math.MaxInt64)
	for _, list := range w.at {
		if len(list) > 0 {
			best = min(best, list[0].t)
		}
	}
	return best
}

func dropOld(list []twinEntry, edge int64) []twinEntry {
	for len(list) > 0 && list[0].t <= edge {
		list = list[1:]
	}
	return list
}

func (tw *twin) positions(r *Rule) int {
	if r.Type == Temporal || r.Type == TemporalOrdered {
		return len(r.References)
	}
	return 1
}

func (tw *twin) maxKept(r *Rule) int {
	n := r.MaxGroupEntries
	if n == 0 {
		n = tw.opts.MaxGroupEntries
	}
	if n < 0 {
		n = 1
	}
	return n
}

func (tw *twin) maxEvents(r *Rule) int {
	if r.MaxEvents > 0 {
		return r.MaxEvents
	}
	if tw.opts.MaxEvents > 0 {
		return tw.opts.MaxEvents
	}
	return 10
}

func (tw *twin) mode(r *Rule) EventMode {
	if r.EventMode != EventsDefault {
		return r.EventMode
	}
	return tw.opts.EventMode
}

func (tw *twin) suppress(r *Rule) int64 {
	if r.Suppress > 0 {
		return r.Suppress
	}
	return tw.opts.Suppress
}

// window replays the history of g. discarded says that the last feed did not count.
func (tw *twin) window(r *Rule, history []twinOp) (w twinWindow, discarded bool) {
	w.at = make([][]twinEntry, tw.positions(r))
	clear := func() {
		w.at = make([][]twinEntry, tw.positions(r))
		w.buffer = nil
	}
	slide := func(t int64) {
		for i := range w.at {
			w.at[i] = dropOld(w.at[i], t-r.Timespan)
		}
		w.buffer = dropOld(w.buffer, t-r.Timespan)
	}
	for _, op := range history {
		discarded = false
		switch op.what {
		case "clear":
			clear()
			continue
		case "age":
			switch {
			case r.Window == Sliding:
				slide(op.t)
			case w.count() == 0:
			case r.Window == Tumbling && op.t-w.newest() > r.Timespan, r.Window == Session && op.t-w.newest() > r.Gap:
				clear()
			}
			continue
		}
		switch {
		case r.Window == Sliding:
			slide(op.t)
		case w.count() == 0:
		case r.Window == Tumbling:
			old, now := w.newest()-w.newest()%r.Timespan, op.t-op.t%r.Timespan
			if now < old {
				discarded = true
				continue
			}
			if now > old {
				clear()
			}
		case op.t-w.newest() > r.Gap || op.t-w.oldest() > r.Timespan:
			clear()
		}
		x := twinEntry{op.t, op.value, op.number, op.event}
		at := op.position
		if tw.positions(r) == 1 && r.Type != Temporal && r.Type != TemporalOrdered {
			at = []int{0}
		}
		for _, i := range at {
			list := append(slices.Clone(w.at[i]), x)
			if n := tw.maxKept(r); n > 0 && len(list) > n {
				if r.Window == Session {
					list = append([]twinEntry{list[0]}, list[len(list)-(n-1):]...)
				} else {
					list = list[len(list)-n:]
				}
			}
			w.at[i] = list
		}
		if op.event != nil {
			w.buffer = append(slices.Clone(w.buffer), x)
			if n := tw.maxEvents(r); len(w.buffer) > n {
				w.buffer = w.buffer[len(w.buffer)-n:]
			}
		}
	}
	return w, discarded
}

// judge returns the value of a window and whether the condition holds.
func (tw *twin) judge(r *Rule, w *twinWindow) (value float64, holds bool) {
	list := w.at[0]
	var numbers []float64
	sum := 0.0
	for _, x := range list {
		numbers = append(numbers, x.number)
		sum += x.number
	}
	sort.Float64s(numbers)
	n := len(numbers)
	switch r.Type {
	case EventCount:
		value = float64(n)
	case ValueCount:
		distinct := map[string]bool{}
		for _, x := range list {
			distinct[x.value] = true
		}
		value = float64(len(distinct))
	case ValueSum:
		value = sum
	case ValueAvg:
		value = sum / float64(n)
	case ValueMedian:
		value = numbers[n/2]
		if n%2 == 0 {
			value = (numbers[n/2-1] + numbers[n/2]) / 2
		}
	case ValuePercentile:
		rank := min(max(r.Percentile, 0), 100) / 100 * float64(n-1)
		i := int(rank)
		value = numbers[i]
		if f := rank - float64(i); f > 0 {
			value += float64(f * (numbers[i+1] - numbers[i]))
		}
	default:
		return tw.judgeTemporal(r, w)
	}
	return value, passes(r.Thresholds, value)
}

func passes(thresholds []Threshold, v float64) bool {
	for _, t := range thresholds {
		ok := map[Compare]bool{Greater: v > t.Value, GreaterEqual: v >= t.Value, Less: v < t.Value, LessEqual: v <= t.Value,
			EqualTo: v == t.Value, NotEqualTo: v != t.Value}[t.Op]
		if !ok {
			return false
		}
	}
	return true
}

func (tw *twin) judgeTemporal(r *Rule, w *twinWindow) (float64, bool) {
	n := 0
	var lists [][]twinEntry
	fired := map[string]bool{}
	for i, list := range w.at {
		if len(list) > 0 {
			n++
			lists = append(lists, list)
			fired[r.References[i]] = true
		}
	}
	holds := passes(r.Thresholds, float64(n))
	switch {
	case r.Extended != nil:
		holds = twinCond(r.Extended, fired)
	case r.Type == TemporalOrdered:
		holds = holds && n == len(w.at)
	case len(r.Thresholds) == 0:
		holds = n == len(w.at)
	}
	if r.Type == TemporalOrdered {
		holds = holds && choice(lists, 0)
	}
	return float64(n), holds
}

// choice tries every choice of one time per list.
func choice(lists [][]twinEntry, from int64) bool {
	if len(lists) == 0 {
		return true
	}
	tried := map[int64]bool{}
	for _, x := range lists[0] {
		if x.t >= from && !tried[x.t] {
			tried[x.t] = true
			if choice(lists[1:], x.t) {
				return true
			}
		}
	}
	return false
}

// apply is one event.
func (tw *twin) apply(ev *twinEvent, now int64) []twinFiring {
	t := max(now, 0)
	switch {
	case ev.time != nil:
		t = max(*ev.time, 0)
	case tw.opts.SkipUntimed:
		return nil
	}
	tw.arrive(t, now)
	var out []twinFiring
	for _, hit := range ev.hits {
		tw.feedAll(tw.detections[hit], ev, t, nil, &out)
	}
	level := out
	for range 10 {
		var next []twinFiring
		for i := range level {
			tw.feedAll(tw.rules[level[i].rule].Meta.Source, ev, t, &level[i], &next)
		}
		out = append(out, next...)
		level = next
	}
	return out
}

func (tw *twin) feedAll(source string, ev *twinEvent, t int64, by *twinFiring, out *[]twinFiring) {
	for i, r := range tw.rules {
		for s := range r.Sources {
			if r.Sources[s].Rule == source {
				tw.feed(i, s, ev, t, by, out)
			}
		}
	}
}

// text looks a name up, first in the firing.
func (ev *twinEvent) text(names []string, by *twinFiring) (string, bool) {
	if by != nil {
		for _, name := range names {
			for _, v := range by.group {
				if v.Name == name {
					return v.Value, true
				}
			}
		}
	}
	for _, name := range names {
		switch v := ev.fields[name].(type) {
		case string:
			return v, true
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64), true
		}
	}
	return "", false
}

func (tw *twin) feed(i, s int, ev *twinEvent, t int64, by *twinFiring, out *[]twinFiring) {
	r := tw.rules[i]
	op := twinOp{what: "feed", t: t, position: r.Sources[s].At}
	if by == nil && tw.mode(r) != EventsNone && tw.mode(r) != EventsDefault {
		op.event = ev
	}
	for _, f := range r.Fields {
		text, ok := ev.text([]string{string(f)}, by)
		if _, there := ev.fields[string(f)]; !ok && there && ev.fields[string(f)] == nil && r.Type == ValueCount {
			text, ok = "null", true
		}
		if !ok {
			return
		}
		op.value += fmt.Sprintf("%q,", text)
		if r.Type != ValueCount {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return
			}
			op.number = n
		}
	}
	var key []*string
	name := ""
	for _, p := range r.GroupBy {
		names := []string{p.Name}
		for _, a := range p.Aliases {
			if a.Source == s {
				names = []string{string(a.Field)}
			}
		}
		if text, ok := ev.text(names, by); ok {
			key = append(key, &text)
			name += fmt.Sprintf("%q,", text)
		} else {
			key = append(key, nil)
			name += "-,"
		}
	}
	g := tw.groups[i][name]
	if g == nil {
		g = &twinGroup{key: key}
		tw.groups[i][name] = g
	}
	if !g.live {
		g.live = true
		g.history = nil
	}
	g.history = append(g.history, op)
	w, discarded := tw.window(r, g.history)
	if discarded {
		g.history = g.history[:len(g.history)-1]
		return
	}
	tw.fed++
	g.fed = tw.fed
	value, holds := tw.judge(r, &w)
	if !holds {
		return
	}
	if sup := tw.suppress(r); sup > 0 && g.alert != nil && t-*g.alert < sup {
		return
	}
	g.alert = &t
	f := twinFiring{rule: i, time: t, value: value}
	for k, p := range g.key {
		if p != nil {
			f.group = append(f.group, GroupValue{r.GroupBy[k].Name, *p})
		}
	}
	if by == nil {
		for _, x := range w.buffer {
			switch tw.mode(r) {
			case EventsFull:
				f.events = append(f.events, x.event.json)
			case EventsRefs:
				f.refs = append(f.refs, Ref{x.t, x.event.id, x.event.id != ""})
			}
		}
	}
	*out = append(*out, f)
	action := r.Action
	if action == ActionDefault {
		action = tw.opts.Action
	}
	if action == ActionReset {
		g.history = append(g.history, twinOp{what: "clear"})
	}
}

// arrive makes room.
func (tw *twin) arrive(t, now int64) {
	trusted := t <= now+24*3600
	if trusted && (tw.newest == nil || t > *tw.newest) {
		tw.newest = &t
	}
	limit := tw.opts.MaxStateEntries
	if limit == 0 {
		limit = 100_000
	}
	if tw.live() < limit {
		return
	}
	if trusted {
		tw.age(&t)
	} else {
		tw.age(tw.clock(now))
	}
	if tw.live() < limit {
		return
	}
	type candidate struct {
		rule   int
		name   string
		newest int64
		fed    int
	}
	var all []candidate
	for i := range tw.groups {
		for name, g := range tw.groups[i] {
			if g.live {
				w, _ := tw.window(tw.rules[i], g.history)
				newest := w.newest()
				if newest > now+24*3600 {
					newest = -1 // no part of the specification
				}
				all = append(all, candidate{i, name, newest, g.fed})
			}
		}
	}
	sort.Slice(all, func(a, b int) bool {
		if all[a].newest != all[b].newest {
			return all[a].newest < all[b].newest
		}
		return all[a].fed < all[b].fed
	})
	remain := int(math.Floor(0.9*float64(limit) + 1e-9))
	share := remain / len(tw.rules)
	for n := len(all) - remain; n > 0; n-- {
		count := map[int]int{}
		for _, c := range all {
			count[c.rule]++
		}
		// The stalest group of a correlation above its share, else the stalest of all.
		i := max(slices.IndexFunc(all, func(c candidate) bool { return count[c.rule] > share }), 0)
		delete(tw.groups[all[i].rule], all[i].name)
		all = slices.Delete(all, i, i+1)
	}
}

func (tw *twin) live() (n int) {
	for i := range tw.groups {
		for _, g := range tw.groups[i] {
			if g.live {
				n++
			}
		}
	}
	return n
}

func (tw *twin) sweep(now int64) {
	if t := tw.clock(now); t != nil {
		tw.age(t)
	}
}

// clock is no part of the specification: idle groups go by the newest event time, but by now at the latest.
func (tw *twin) clock(now int64) *int64 {
	if now = max(now, 0); tw.newest == nil || *tw.newest <= now {
		return tw.newest
	}
	return &now
}

// age is step 1 at time t; without a time it only removes what is empty.
func (tw *twin) age(t *int64) {
	for i, r := range tw.rules {
		sup := tw.suppress(r)
		for name, g := range tw.groups[i] {
			if g.live {
				if t != nil {
					g.history = append(g.history, twinOp{what: "age", t: *t})
				}
				if w, _ := tw.window(r, g.history); w.count() > 0 {
					continue
				}
				g.live = false
				g.history = nil
			}
			if g.alert == nil || sup == 0 || t != nil && *t-*g.alert >= sup {
				delete(tw.groups[i], name)
			}
		}
	}
	tw.boundResting()
}

// boundResting is no part of the specification: suppression times of removed groups are as many as groups may be, those that
// end first go first.
func (tw *twin) boundResting() {
	limit := tw.opts.MaxStateEntries
	if limit == 0 {
		limit = 100_000
	}
	for {
		n := 0
		var first *twinGroup
		var rule int
		var at string
		for i, r := range tw.rules {
			end := func(g *twinGroup) int64 { return *g.alert + tw.suppress(r) }
			for name, g := range tw.groups[i] {
				if g.live {
					continue
				}
				n++
				if first == nil || end(g) < *first.alert+tw.suppress(tw.rules[rule]) ||
					end(g) == *first.alert+tw.suppress(tw.rules[rule]) && g.fed < first.fed {
					first, rule, at = g, i, name
				}
			}
		}
		if n <= limit {
			return
		}
		delete(tw.groups[rule], at)
	}
}

func (f *twinFiring) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule %d at %d group %v value %x", f.rule, f.time, f.group, math.Float64bits(f.value+0))
	fmt.Fprintf(&b, " events %v refs %v", f.events, f.refs)
	return b.String()
}
