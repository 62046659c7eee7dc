package cmdline

import (
	"fmt"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/valuelist"
	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib"
)

// engineFlags are the flags of every command that evaluates events.
type engineFlags struct {
	Rules    []string `sep:"none" short:"r" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable. Default: the linked rules."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline: a built-in name, a file or a directory. Repeatable."`

	PlaceholderFallback  string `enum:"strict,event" default:"strict" help:"What a placeholder that no pipeline fills does: strict skips the rule, event fills it from the event field of that name."`
	AllowExternalSources bool   `help:"Let pipelines read lists of values from files and HTTP servers, and, with --allow-command, from commands (file_placeholders, http_placeholders, command_placeholders)."`

	IncludeEvent bool   `help:"Put the event into every detection."`
	MatchDetail  string `enum:"off,summary,full" default:"off" help:"How much each detection says about what matched: off, summary or full."`
	NoProvenance bool   `help:"Leave out which engine and which version of the rule made a detection."`

	LogsourceRouting bool     `help:"Skip rules whose log source contradicts the event's. The event's is given by --event-logsource."`
	EventLogsource   []string `sep:"none" placeholder:"DIMENSION=VALUE" help:"Log source of all events, such as product=windows. Repeatable. Needs --logsource-routing."`
	InterpretAll     bool     `hidden:"" help:"Interpret all rules, for comparisons."`

	correlationFlags
}

// load makes the generation that the flags ask for.
func (f *engineFlags) load(linked Linked) (*engine.Generation, *reload.Report, error) {
	opts, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	opts.Linked = linked.rules()
	return reload.Load(opts)
}

// apply sets what the flags say about rules and results.
func (f *engineFlags) apply(c *daemon.Config) (err error) {
	if c.Rules, err = f.options(); err != nil {
		return err
	}
	c.LogSource, err = f.logSource()
	c.Render = f.format("")
	return err
}

// options returns what to load. The linked rules are added by the command.
func (f *engineFlags) options() (reload.Options, error) {
	correlations, err := f.correlationFlags.options()
	if err != nil {
		return reload.Options{}, err
	}
	return reload.Options{
		Rules:     f.Rules,
		Pipelines: f.Pipeline,
		Compile: compiler.Options{
			PlaceholderFallback: f.PlaceholderFallback == "event", External: f.external(),
		},
		InterpretAll: f.InterpretAll,
		Engine:       engine.Options{Routing: f.LogsourceRouting, Correlate: correlations},
	}, nil
}

// external returns what reads the lists that pipelines name, nil if they may not.
func (f *engineFlags) external() *valuelist.Reader {
	if !f.AllowExternalSources {
		return nil
	}
	return &valuelist.Reader{Fetch: dynsource.LoadOptions{UserAgent: "rsigmad/" + moduleVersion()}}
}

// logSource reads --event-logsource.
func (f *engineFlags) logSource() (rtlib.LogSource, error) {
	var l rtlib.LogSource
	if len(f.EventLogsource) > 0 && !f.LogsourceRouting {
		return l, fmt.Errorf("--event-logsource has no effect without --logsource-routing")
	}
	for _, s := range f.EventLogsource {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" || value == "" {
			return l, fmt.Errorf("--event-logsource %q: want DIMENSION=VALUE, such as product=windows", s)
		}
		switch key {
		case "category":
			l.Category = value
		case "product":
			l.Product = value
		case "service":
			l.Service = value
		default:
			l.Custom = append(l.Custom, rtlib.Dimension{Key: key, Value: value})
		}
	}
	return l, nil
}

// format returns how detections are rendered.
func (f *engineFlags) format(ruleSet string) alert.Format {
	return alert.Format{
		IncludeEvent: f.IncludeEvent,
		Detail:       alert.Detail(f.MatchDetail),
		Provenance:   !f.NoProvenance,
		RuleSet:      ruleSet,
	}
}
