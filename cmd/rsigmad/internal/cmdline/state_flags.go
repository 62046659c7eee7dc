package cmdline

import (
	"errors"
	"fmt"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/engine"
)

// stateFlags say what outlives the process, and what is acknowledged when.
//
// Source: daemon.md section 4; reliability.md sections 2 and 3.
type stateFlags struct {
	StateDB           string `name:"state-db" placeholder:"FILE" help:"Keep the state of correlations in this SQLite file over restarts. It is made if it is not there; one of rsigma is taken over."`
	StateSaveInterval int    `default:"30" placeholder:"SECONDS" help:"How often the state is saved as a whole, if it has changed."`
	ClearState        bool   `xor:"state" help:"Begin with an empty state, whatever is saved."`
	KeepState         bool   `xor:"state" help:"Begin with the saved state, also with a replay that begins before its end."`

	Durability       string `enum:"auto,none,snapshot,process,power" default:"auto" help:"What survives: none nothing; snapshot the state as it was saved last; process every event whose result is out, also after kill -9; power the same after a loss of power. auto is process with --state-db, else none."`
	AckAfter         string `enum:"sink,commit" default:"sink" help:"When a NATS message is acknowledged: sink when its results are delivered or in the dead letters, commit when they are in the state file."`
	OTLPAsync        bool   `name:"otlp-async" help:"Answer OTLP requests before their records are committed, although --state-db is given."`
	CommitMaxEvents  int    `default:"512" placeholder:"N" help:"Messages that are committed at once at most."`
	CommitMaxDelayMS int    `name:"commit-max-delay-ms" default:"5" placeholder:"MS" help:"How long a message waits for others to be committed with at most. It does not wait if none come."`
	OutboxMaxBytes   int64  `default:"1073741824" placeholder:"BYTES" help:"Results that are committed and not delivered; beyond it no events are taken."`
}

// maxDelta bounds what one commit writes about correlations.
const maxDelta = 1 << 20

func (f *stateFlags) apply(c *daemon.Config) error {
	mode := f.Durability
	switch {
	case mode == "auto" && f.StateDB != "":
		mode = "process"
	case mode == "auto":
		mode = "none"
	case mode == "none" && f.StateDB != "":
		return errors.New("--durability none and --state-db exclude each other: leave out --state-db")
	case mode != "none" && f.StateDB == "":
		return fmt.Errorf("--durability %s needs --state-db FILE", mode)
	}
	durable := mode == "process" || mode == "power"
	switch {
	case f.StateSaveInterval < 1:
		return fmt.Errorf("--state-save-interval %d: want 1 or more", f.StateSaveInterval)
	case f.CommitMaxEvents < 1:
		return fmt.Errorf("--commit-max-events %d: want 1 or more", f.CommitMaxEvents)
	case f.CommitMaxDelayMS < 0:
		return fmt.Errorf("--commit-max-delay-ms %d: want 0 or more", f.CommitMaxDelayMS)
	case f.OutboxMaxBytes < 1:
		return fmt.Errorf("--outbox-max-bytes %d: want 1 or more", f.OutboxMaxBytes)
	case f.AckAfter == "commit" && !durable:
		return errors.New("--ack-after commit needs --durability process or power: otherwise a crash loses what was acknowledged")
	case (f.ClearState || f.KeepState) && f.StateDB == "":
		return errors.New("--clear-state and --keep-state need --state-db FILE")
	}
	c.State = daemon.State{
		Path: f.StateDB, Durable: durable, Power: mode == "power", Interval: time.Duration(f.StateSaveInterval) * time.Second,
		Clear: f.ClearState, Keep: f.KeepState, AckAtCommit: f.AckAfter == "commit", OTLPAsync: f.OTLPAsync, MaxOutbox: f.OutboxMaxBytes,
		Commit: engine.CommitLimits{Events: f.CommitMaxEvents, Bytes: maxDelta, Delay: time.Duration(f.CommitMaxDelayMS) * time.Millisecond},
	}
	return nil
}
