package daemon

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/handover"
	"github.com/rsigma-go/rsigma/daemon/listen"
	"github.com/rsigma-go/rsigma/daemon/metrics"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// Config is everything that the command line, the environment and the configuration file decide.
type Config struct {
	Rules   reload.Options // Compile.Sources is filled in by the daemon
	Sources Sources

	Input         string // stdin, http, unix:///path or nats://host:port/subject
	NATS          NATS
	Format        decode.Format
	Syslog        decode.SyslogOptions
	JQ, JSONPath  string
	LogSource     rtlib.LogSource
	ExitOnEOF     bool
	MaxBody       int64
	IngestTimeout time.Duration

	Outputs  []string // sinks, as --output spells them
	DLQ      string   // empty for none
	Render   alert.Format
	Pretty   bool
	ResultID bool // results show their ids
	Retry    flow.Retry
	BatchMax int

	Buffer, Batch int
	Workers       int // 0 is one for each processor
	Drain         time.Duration
	Debounce      time.Duration // of reloads
	CostRate      float64

	State State

	Listen   listen.Options
	APIHosts []string
	Auth     *api.Auth
	Tap      Live
	Tail     Live
	Metrics  metrics.Options

	Upgrade Upgrade

	Version string
}

// NATS says how NATS servers are reached, and where an input begins.
type NATS struct {
	Auth  natsconf.Auth
	Start natsconf.Start
	Group string // empty for a consumer of this daemon's own
}

// Live configures a live stream.
type Live struct {
	Enabled          bool
	Buffer, Sessions int
	MaxDuration      time.Duration // of a tap
}

// Sources configure dynamic pipeline sources.
type Sources struct {
	Files                                                             []string
	AllowCommand, AllowRemoteInclude, AllowProxy, InsecurePermissions bool
	Egress                                                            string
	MaxSize                                                           int64
}

// Steps of what comes of a group, besides those of its commit (package commitlog).
const (
	StepReleased  = "released"  // all of a committed group has left, or is in the queues of the sinks
	StepDelivered = "delivered" // results are delivered, and nothing has noted it
	StepAcked     = "acked"     // messages of NATS are acknowledged
)

// Parts are what the program gives the daemon.
type Parts struct {
	Stdin  io.Reader
	Stdout *os.File
	Log    *slog.Logger
	// Hangup delivers one value for each SIGHUP.
	Hangup <-chan os.Signal
	// Upgrade delivers one value for each SIGUSR2.
	Upgrade <-chan os.Signal
	// Sockets listen already, by name.
	Sockets map[string]*os.File
	// Parcel, if not nil, may change what is handed over: tests plant a fault there.
	Parcel func(*handover.Parcel)
	// Predecessor is the process from which this one takes over, nil if there is none.
	Predecessor *handover.Predecessor
	// OpenState opens a state file. power asks for one that survives a loss of power; warn takes what is odd about it.
	OpenState func(path string, power bool, warn func(string)) (store.Store, error)
	// Transports open what speaks NATS and OpenTelemetry.
	Transports Transports
	// Step, if not nil, is called at each step of what makes state durable, and of what comes of it: tests of crashes end the process there.
	Step func(name string)
	// Now is the wall clock, nil for time.Now: tests of clocks that are wrong set it. It gives the time of events without one, how far
	// times of events may be trusted, and when something was saved.
	Now func() time.Time
	// Exit ends the program at once. It is called after a panic in the flow of events: better no daemon than half of one.
	Exit func(status int)
}
