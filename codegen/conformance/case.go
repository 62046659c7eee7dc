package conformance

import (
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

// File is one test file.
type File struct {
	Path  string // as given
	Suite string // the file's own name for itself, else the base name of Path without its ending
	Cases []*Case
}

// Case is one test case: documents that are loaded together, and what is expected of them.
type Case struct {
	Name string
	Pos  diag.Pos
	Why  string
	Ref  string // mark of the decision that the case documents
	Tags []string

	// Documents is the rule file of the case.
	Documents Documents
	// Pipelines are applied to all documents, in this order.
	Pipelines []compiler.Source
	Config    Config

	// Error and Warning are texts that loading must report, ignoring letter case; "" expects none (Warning: any).
	Error, Warning string
	// ErrorClass says whether a pipeline or a rule is at fault; "" leaves it open.
	ErrorClass string
	// Expect are the checks on the processed rule; nil if there are none.
	Expect *Expect

	Routing  bool
	Events   []Event
	Timeline []Step
	Fires    []Firing
	// Detections is the number of detection results per step of Timeline; nil leaves it open.
	Detections []int

	// Fixture is set for a case of SigmaHQ's regression tests, which has no documents of its own.
	Fixture *Fixture

	inline []part // where the inline pipelines come from
}

// Config are the engine options of a case. Durations are as written; nil and "" mean the default.
type Config struct {
	Suppress            string
	Action              string
	EmitDetections      *bool
	MaxGroupEntries     *int
	MaxStateEntries     *int
	EventMode           string
	MaxEvents           *int
	TimestampFields     []string
	TimestampFallback   string
	PlaceholderFallback bool
}

// Expect are checks on the rule as the pipelines left it. A nil member is not checked.
type Expect struct {
	Pos              diag.Pos
	LogSource        *yamldoc.Node
	CustomAttributes *yamldoc.Node
	// Others are the names of the checks that only the pipeline package's own tests can make (applied, fields, …).
	Others []string
}

// Event is one event and what the rules must make of it.
type Event struct {
	Pos       diag.Pos
	JSON      []byte
	LogSource rtlib.LogSource

	// Match is whether some rule must match; nil if Rules says it.
	Match *bool
	// Rules are the titles of all rules that must match, in result order; valid if HasRules.
	Rules    []string
	HasRules bool
	// Selections are the reported selections of the first matching rule; valid if HasSelections.
	Selections    []string
	HasSelections bool
}

// Step is one event of a timeline. Time is in seconds; nil if the event itself says it.
type Step struct {
	Pos  diag.Pos
	Time *float64
	JSON []byte
}

// Firing is one expected firing of a correlation.
type Firing struct {
	Pos    diag.Pos
	At     int
	Rule   string // title of the correlation
	Value  *float64
	Group  *yamldoc.Node // mapping; nil means the empty group
	Events [][]byte      // JSON; valid if HasEvents
	Refs   []Ref         // valid if HasRefs

	HasEvents, HasRefs bool
}

// Ref is a reference to an event of a firing: its time in seconds and its identifier, nil if it has none.
type Ref struct {
	Time float64
	ID   *string
}
