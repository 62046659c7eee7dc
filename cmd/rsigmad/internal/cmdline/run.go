package cmdline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/config"
	"github.com/rsigma-go/rsigma/daemon/handover"
	"github.com/rsigma-go/rsigma/daemon/logging"
)

type runCmd struct {
	engineFlags
	formatFlags
	flowFlags
	outputFlags
	sourceFlags
	apiFlags
	natsFlags
	stateFlags
	Config string `placeholder:"FILE" help:"Read this configuration file, and no other."`
	DryRun bool   `help:"Print the settings that would be in force, and where each comes from, and exit."`
}

// Help is shown below the flags.
func (runCmd) Help() string {
	return `Reads events from the input, evaluates them and writes detections and correlations to all outputs, until it is stopped.

Input. A line is an event. With --input-format auto it is JSON if it looks like it and is valid, syslog if it begins with a priority, and
plain text otherwise. What is not of the format, and lines over 1 MiB, are counted and go to --dlq; the stream goes on. The daemon stays
alive after the end of its input, as a service does, unless --exit-on-eof is given.

Rules. A change of a rule or pipeline file, SIGHUP, or POST /api/v1/reload has rules read anew. If a document does not compile the old rules
go on; otherwise new ones take over between two events and correlations keep what they have counted.

Upgrade. SIGUSR2, or POST /api/v1/upgrade, starts the program anew from its path; when that has read its rules it takes over the sockets, the
input and the state, without losing an event. See "rsigmad upgrade".

End. SIGTERM and SIGINT stop the input and let everything in flight reach the outputs, for --drain-timeout seconds; what is left goes to --dlq.
A second signal ends at once, with status 130.

Logs are JSON lines on standard error; RUST_LOG=debug shows more, RUST_LOG=info,tower_http=debug only requests.

Examples:
  tail -F events.ndjson | rsigmad -r rules/
  rsigmad -r rules/ -p ecs_windows --input http --output file:///var/log/rsigma/detections.ndjson --dlq file:///var/log/rsigma/dlq.ndjson
  tail -F /var/log/auth.log | rsigmad -r rules/linux --input-format syslog --syslog-tz +02:00`
}

// statusForced is the exit status after a second signal.
const statusForced = 130

// Run implements the command.
func (c *runCmd) Run(s streams, ctx *kong.Context, layers *config.Layers, linked Linked) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg.Rules.Linked = linked.rules()
	if a := layers.Auth(); a != nil {
		if cfg.Auth != nil {
			return errors.New("--api-token-env and daemon.api.auth exclude each other")
		}
		if cfg.Auth, err = authOf(a); err != nil {
			return err
		}
	}
	if err := cfg.Listen.Validate(); err != nil {
		return err
	}
	if c.DryRun {
		return printSettings(s, settings(ctx, layers))
	}
	log := logging.New(s.err, logging.FromEnvironment(os.LookupEnv))
	if err := limitMemory(); err != nil {
		log.Debug("No memory limit was set", "error", err.Error())
	}
	signal.Ignore(syscall.SIGPIPE) // a closed output is an error of that output, not the end
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	upgrade := make(chan os.Signal, 1)
	signal.Notify(upgrade, syscall.SIGUSR2)
	defer signal.Stop(upgrade)
	alive, stop := untilSignal(log.Info)
	defer stop()
	parts := daemon.Parts{
		Stdin: s.in, Stdout: s.out, Log: log, Hangup: hangup, Upgrade: upgrade, OpenState: openState, Transports: transport,
		Step: crashStep(), Exit: os.Exit,
	}
	if parts.Predecessor, err = handover.FromEnvironment(); err != nil {
		return err
	}
	if parts.Sockets, err = handover.Inherited(); err != nil {
		return err
	}
	Plant(&parts)
	return daemon.Run(alive, *cfg, parts)
}

// Plant is where tests plant a fault, to see that they would notice it.
var Plant = func(*daemon.Parts) {}

// untilSignal returns a context that the first SIGINT or SIGTERM ends; the second one ends the program.
func untilSignal(log func(string, ...any)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for range signals {
			if ctx.Err() != nil {
				os.Exit(statusForced)
			}
			log("Shutdown signal received")
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

// config returns what the flags ask for.
func (c *runCmd) config() (*daemon.Config, error) {
	cfg := &daemon.Config{Version: moduleVersion()}
	for _, apply := range []func(*daemon.Config) error{
		c.engineFlags.apply, c.formatFlags.apply, c.flowFlags.apply, c.outputFlags.apply, c.sourceFlags.apply, c.apiFlags.apply, c.natsFlags.apply,
		c.stateFlags.apply,
	} {
		if err := apply(cfg); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

// printSettings prints all settings as JSON.
func printSettings(s streams, all map[string]setting) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}
