package correlate

import (
	"hash/maphash"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Options are the choices of an Engine. Zero values are the defaults of sigma-language.md section 14; what a rule says for
// itself wins.
type Options struct {
	Suppress  int64     // seconds; 0 is none
	Action    Action    // ActionDefault is ActionAlert
	EventMode EventMode // EventsDefault is EventsNone
	MaxEvents int       // events or references that a group keeps; 0 is 10. Groups that keep the same event share it
	// MaxStateEntries is the number of groups over all correlations at which groups are evicted; 0 is 100,000.
	MaxStateEntries int
	// MaxGroupEntries caps the entries of a group, for temporal types those of a reference; 0 is no cap. A written 0 counts as
	// 1: pass 1, or anything negative.
	MaxGroupEntries int
	// HideDetections withholds detections that only serve correlations (Engine.Hidden).
	HideDetections bool
	// TimestampFields are looked up before the usual ones for the time of an event.
	TimestampFields []string
	// SkipUntimed leaves events without a time alone; otherwise the wall clock stands in.
	SkipUntimed bool
}

const (
	defaultMaxEvents = 10
	// MaxRefs is the most event references that a group keeps, whatever is asked for (reliability.md section 6).
	MaxRefs                = 100
	defaultMaxStateEntries = 100_000
)

// withDefaults returns opts with the defaults spelled out.
func withDefaults(opts Options) Options {
	if opts.Action == ActionDefault {
		opts.Action = ActionAlert
	}
	if opts.EventMode == EventsDefault {
		opts.EventMode = EventsNone
	}
	if opts.MaxEvents == 0 {
		opts.MaxEvents = defaultMaxEvents
	}
	if opts.MaxStateEntries <= 0 {
		opts.MaxStateEntries = defaultMaxStateEntries
	}
	return opts
}

// Engine holds a set of correlations and the windows of their groups. Extract is safe for concurrent use; all other methods
// belong to one goroutine at a time. It reads no clock, does no I/O and does not depend on anything random in what it returns.
type Engine struct {
	corrs     []*corr
	feeds     [][]feed // by detection
	hidden    []bool   // by detection
	wants     []want   // by detection
	times     []rtlib.FieldID
	ids       []rtlib.FieldID
	reads     []read
	maxGroups int
	// sweepGroups is about how many groups one Sweep looks at.
	sweepGroups int
	opts        Options // with all defaults
	// feeders are the detections by number; those that feed nothing may be nil.
	feeders    []*rtlib.Rule
	definition definitionSum

	seed    maphash.Seed
	words   *arena[uint64]
	one     runs // entries without payload
	two     runs // entries with payload
	tree    tree
	texts   texts
	groups  slab[group]
	table   table
	values  valueTable
	sums    slab[sumState]
	extras  slab[extra]
	blobs   slab[blob]
	buffers slab[ring]

	due     dueHeap // live groups, by the time at which they are empty
	resting dueHeap // groups of which only the suppression time is left, by its end
	agings  agings
	newest  int64  // newest event time that may be trusted, or noTime
	seq     uint64 // feeds so far
	stats   Stats

	scratch scratch
	changes changes
}

// noTime stands for a time that is not known. It lies before all times.
const noTime = -1 << 63

// farFuture is how far an event may be ahead of the wall clock before it loses its say over other groups, in seconds.
const farFuture = 24 * 60 * 60

// New makes an engine for rules, given the detection rules that feed them. The rules stay in this order, which is the load
// order of section 14.3. It fails if a rule is fed by a source that is neither a detection nor a correlation (by Meta.Source),
// or is not what the compiler makes.
//
// Engine defaults that rules carry as attributes (section 16) apply here.
func New(detections []*rtlib.Rule, rules []*Rule, opts Options) (*Engine, error) {
	return build(detections, rules, withDefaults(withAttributes(opts, detections, rules)))
}

// build makes an engine with options that are complete. Detections that feed nothing may be nil.
func build(detections []*rtlib.Rule, rules []*Rule, opts Options) (*Engine, error) {
	e := &Engine{
		maxGroups:   opts.MaxStateEntries,
		sweepGroups: sweepGroups,
		opts:        opts,
		feeders:     detections,
		newest:      noTime,
		words:       &arena[uint64]{unit: 1},
		texts:       newTexts(),
		seed:        maphash.MakeSeed(),
	}
	e.one, e.two, e.tree = runs{e.words, 1}, runs{e.words, 2}, tree{e.words}
	e.due.groups, e.resting.groups = &e.groups, &e.groups
	r := resolver{engine: e, opts: opts, reads: map[rtlib.FieldID]int32{}}
	if err := r.resolve(detections, rules); err != nil {
		return nil, err
	}
	e.stats.Evicted = make([]uint64, len(rules))
	e.scratch.slots = make([]int32, len(e.reads))
	return e, nil
}

// Fields returns every event field that Extract reads. Events must be decoded with them.
func (e *Engine) Fields() []rtlib.FieldID {
	var ids []rtlib.FieldID
	for i := range e.reads {
		ids = append(ids, e.reads[i].field)
	}
	return append(append(ids, e.times...), e.ids...)
}

// Hidden reports whether results of the detection of that number are withheld: with Options.HideDetections, those that feed a
// correlation, if none of the correlations that they feed has Generate.
func (e *Engine) Hidden(detection int) bool { return e.hidden[detection] }

// Rule returns correlation rule number i.
func (e *Engine) Rule(i int) *Rule { return e.corrs[i].rule }

// Rules returns the number of correlation rules.
func (e *Engine) Rules() int { return len(e.corrs) }
