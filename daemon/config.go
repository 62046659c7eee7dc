package daemon

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/flow"
	natsin "github.com/rsigma-go/rsigma/daemon/input/nats"
	"github.com/rsigma-go/rsigma/daemon/listen"
	"github.com/rsigma-go/rsigma/daemon/metrics"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/reload"
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
	Retry    flow.Retry
	BatchMax int

	Buffer, Batch int
	Workers       int // 0 is one for each processor
	Drain         time.Duration
	Debounce      time.Duration // of reloads
	CostRate      float64

	Listen   listen.Options
	APIHosts []string
	Auth     *api.Auth
	Tap      Live
	Tail     Live
	Metrics  metrics.Options

	Version string
}

// NATS says how NATS servers are reached, and where an input begins.
type NATS struct {
	Auth  natsconn.Auth
	Start natsin.Start
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

// Parts are what the program gives the daemon.
type Parts struct {
	Stdin  io.Reader
	Stdout *os.File
	Log    *slog.Logger
	// Hangup delivers one value for each SIGHUP.
	Hangup <-chan os.Signal
	// Exit ends the program at once. It is called after a panic in the flow of events: better no daemon than half of one.
	Exit func(status int)
}
