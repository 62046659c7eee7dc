package correlate

import "github.com/rsigma-go/rsigma/rtlib"

// Rule is one correlation rule. It is plain data: the interpreter takes it from the compiler, generated code spells it out, and
// both mean the same. New resolves what it names. Nothing in it may change afterwards.
//
// Source: sigma-language.md section 14.
type Rule struct {
	Meta rtlib.Meta
	// Name is how other documents refer to the rule beside its id; empty if it has none.
	Name string

	Type     Type
	Window   Window
	Timespan int64 // seconds, greater than zero
	Gap      int64 // seconds; Session only

	// References are the positions of "rules", as written.
	References []string
	// Sources are the rules that the references name, each once, in load order.
	Sources []Source
	// GroupBy are the parts of the group key. Without any there is one global group.
	GroupBy []Part
	// Fields is what value types read: a tuple for ValueCount, one field for the numeric types.
	Fields     []rtlib.Field
	Percentile float64 // 0 to 100; ValuePercentile only

	// Thresholds are compared with the aggregated value; all must hold. It is empty with an extended condition. A temporal type
	// that has neither needs all of References.
	Thresholds []Threshold
	// Extended is the extended condition of the temporal types, nil without one. Each Sel in it is one of References and holds
	// if a position with that reference has an entry in the window.
	Extended rtlib.Cond

	// Generate keeps detections of the sources in the output although detections are otherwise withheld.
	Generate bool

	// What the rule says for itself; zero values leave it to Options. A written 0 of MaxGroupEntries counts as 1 and must be
	// given as that.
	Suppress        int64 // seconds
	Action          Action
	EventMode       EventMode
	MaxEvents       int
	MaxGroupEntries int
}

// Spans of time in seconds, for generated code.
const (
	Minute = 60
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

// Source is a rule that feeds a correlation.
type Source struct {
	// Rule is the Meta.Source of a detection rule or of another correlation.
	Rule string
	// At are the positions in References that name the rule, ascending.
	At []int
}

// Part is one part of a group key: of the fields that stand for it in an event, the first that has a text.
type Part struct {
	// Name is the group-by name, as results report it.
	Name string
	// Fields are the alternatives, tried in order; nil if it is Name alone. Pipelines make several where they map one name to
	// many (pipelines.md section 10).
	Fields []rtlib.Field
	// Aliases are the fields of sources for which the name is an alias; they replace Fields.
	Aliases []AliasField
}

// AliasField is the field that a Part stands for in events of one source.
type AliasField struct {
	Source int // number in Rule.Sources
	Field  rtlib.Field
}

// Threshold is one operator of a condition.
type Threshold struct {
	Op    Compare
	Value float64
}

// Type is the type of a correlation.
type Type uint8

// The types, in the order of section 14.1.
const (
	TypeInvalid Type = iota
	EventCount
	ValueCount
	Temporal
	TemporalOrdered
	ValueSum
	ValueAvg
	ValuePercentile
	ValueMedian
)

// Window is the window mode of a correlation.
type Window uint8

// The window modes of section 14.5.
const (
	Sliding Window = iota
	Tumbling
	Session
)

// Compare is the operator of a Threshold.
type Compare uint8

// The operators.
const (
	CompareInvalid Compare = iota
	Greater
	GreaterEqual
	Less
	LessEqual
	EqualTo
	NotEqualTo
)

// Action says what a firing does to its group.
type Action uint8

// The actions: leave it to the options, keep the entries, clear them.
const (
	ActionDefault Action = iota
	ActionAlert
	ActionReset
)

// EventMode says what a firing reports about the events that led to it.
type EventMode uint8

// The modes: leave it to the options, nothing, the events, references to them.
const (
	EventsDefault EventMode = iota
	EventsNone
	EventsFull
	EventsRefs
)
