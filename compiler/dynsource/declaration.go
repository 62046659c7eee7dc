package dynsource

import (
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// Declaration is a declared source. It is immutable.
type Declaration struct {
	ID   string
	Type Type
	File string // that declares it, as it was given
	Pos  diag.Pos

	Format  string    // json, yaml, lines or csv
	Extract extractor // nil: the parsed value as it is
	Refresh Refresh
	Timeout time.Duration
	OnError OnError

	Required   bool
	Default    any // JSON shape; meaningless unless HasDefault
	HasDefault bool
	AllowNull  bool
	Literal    bool // stars and question marks of its texts are no wildcards

	MaxSize            int64
	MinItems, MaxItems int // 0 is no limit
	MinLength          int
	CacheTTL           time.Duration // 0 is for ever

	fetch  fetcher
	digest string // of everything that is declared
}

// extractor makes values of a value.
type extractor interface {
	Run(value any) ([]any, error)
}

// Type is where a source gets its value from.
type Type string

// The types.
const (
	File    Type = "file"
	HTTP    Type = "http"
	Command Type = "command"
	NATS    Type = "nats"
)

// Remote reports whether values come over the network.
func (t Type) Remote() bool { return t == HTTP || t == NATS }

// Title spells t as the API does.
func (t Type) Title() string {
	return map[Type]string{File: "File", HTTP: "Http", Command: "Command", NATS: "Nats"}[t]
}

// Refresh says when a source is read anew.
type Refresh struct {
	Policy Policy
	Every  time.Duration // PolicyInterval
}

// Policy is a kind of refresh.
type Policy int

// The policies.
const (
	PolicyOnce Policy = iota
	PolicyInterval
	PolicyWatch
	PolicyOnDemand
	PolicyPush
)

// String spells r as the API does.
func (r Refresh) String() string {
	switch r.Policy {
	case PolicyInterval:
		return "Interval(" + seconds(r.Every) + ")"
	case PolicyWatch:
		return "Watch"
	case PolicyOnDemand:
		return "OnDemand"
	case PolicyPush:
		return "Push"
	}
	return "Once"
}

// OnError says what a failure leads to.
type OnError string

// The choices of OnError.
const (
	UseCached  OnError = "use_cached"
	UseDefault OnError = "use_default"
	Fail       OnError = "fail"
)
