package cmdline

import (
	"fmt"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// correlationFlags are the flags that steer correlations.
//
// Source: daemon.md section 4.5.
type correlationFlags struct {
	TimestampField    []string `sep:"none" placeholder:"NAME" help:"Field that holds the time of an event, tried before @timestamp, timestamp, EventTime, TimeCreated and eventTime. Repeatable."`
	TimestampFallback string   `enum:"wallclock,skip" default:"wallclock" help:"What an event without a time gets: wallclock, the time of day; or skip, no part in correlations."`

	Suppress     string `placeholder:"DURATION" help:"After a correlation fired for a group, report no further firing of it for that long: 30s, 5m, 1h, 1d."`
	Action       string `enum:"alert,reset" default:"alert" help:"What a firing does to its group: alert keeps what was counted, reset starts anew."`
	NoDetections bool   `help:"Withhold detections of rules that correlations use, unless one of those says generate."`

	CorrelationEventMode string `default:"none" placeholder:"MODE" help:"What a correlation reports of the events that led to it: none, full or refs."`
	MaxCorrelationEvents int    `default:"10" placeholder:"N" help:"How many events, the newest ones, a correlation reports."`
	MaxStateEntries      int    `default:"100000" placeholder:"N" help:"How many groups all correlations together may hold."`
	MaxGroupEntries      int    `placeholder:"N" help:"How many entries one group may hold. Default: no limit."`
}

// options returns the flags as options of the correlation engine.
func (f *correlationFlags) options() (correlate.Options, error) {
	o := correlate.Options{
		TimestampFields: f.TimestampField,
		SkipUntimed:     f.TimestampFallback == "skip",
		HideDetections:  f.NoDetections,
		Action:          correlate.ActionAlert,
		MaxEvents:       f.MaxCorrelationEvents,
		MaxStateEntries: f.MaxStateEntries,
		MaxGroupEntries: f.MaxGroupEntries,
	}
	if f.Action == "reset" {
		o.Action = correlate.ActionReset
	}
	ok := true
	if f.Suppress != "" {
		if o.Suppress, ok = sigma.ParseTimespan(f.Suppress); !ok {
			return o, fmt.Errorf("--suppress %q: want digits and one of s m h d w M y, such as 5m", f.Suppress)
		}
	}
	if o.EventMode, ok = correlate.ParseEventMode(f.CorrelationEventMode); !ok {
		return o, fmt.Errorf("--correlation-event-mode %q: want none, full or refs", f.CorrelationEventMode)
	}
	switch {
	case f.MaxCorrelationEvents < 1:
		return o, fmt.Errorf("--max-correlation-events %d: want 1 or more", f.MaxCorrelationEvents)
	case f.MaxStateEntries < 1:
		return o, fmt.Errorf("--max-state-entries %d: want 1 or more", f.MaxStateEntries)
	case f.MaxGroupEntries < 0:
		return o, fmt.Errorf("--max-group-entries %d: want 1 or more", f.MaxGroupEntries)
	}
	return o, nil
}
