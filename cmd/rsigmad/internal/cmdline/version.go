package cmdline

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib"
)

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown below the flags.
func (versionCmd) Help() string {
	return `Says what the program is made of: the module it comes from, the digest of the linked rules, by which two rule sets can be compared, how
many there are, the Go version, and every module that is linked in. --version prints the first line only.`
}

// versionInfo is what the program is made of.
type versionInfo struct {
	Version      string         `json:"version"`
	RuleSet      string         `json:"ruleset"`
	Rules        int            `json:"rules"`
	Detections   int            `json:"detections"`
	Correlations int            `json:"correlations"`
	Source       bool           `json:"source"` // the rule files are in the program
	Format       int            `json:"format"` // of generated code
	Lite         bool           `json:"lite"`
	Go           string         `json:"go"`
	Modules      []moduleNumber `json:"modules"`
}

type moduleNumber struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Replaced bool   `json:"replaced,omitempty"` // by something else than the published version
}

// Run implements the command.
func (c *versionCmd) Run(s streams, linked Linked) error {
	v := linked.version()
	if c.JSON {
		return printJSON(s.out, v)
	}
	fmt.Fprintln(s.out, linked.versionText())
	fmt.Fprintf(s.out, "%d detections, %d correlations\n", v.Detections, v.Correlations)
	if v.Source {
		fmt.Fprintln(s.out, "the rule files are inside (rsigmad rules --extract)")
	}
	if v.Lite {
		fmt.Fprintln(s.out, "lite: without SQLite, NATS and OpenTelemetry")
	}
	fmt.Fprintf(s.out, "%s, generated-code format %d\n", v.Go, v.Format)
	for _, m := range v.Modules {
		fmt.Fprintf(s.out, "  %s %s", m.Path, m.Version)
		if m.Replaced {
			fmt.Fprint(s.out, " (replaced)")
		}
		fmt.Fprintln(s.out)
	}
	return nil
}

func (l Linked) version() versionInfo {
	rules := reload.LoadOrder(l.rules())
	v := versionInfo{
		Version: moduleVersion(), RuleSet: rules.Digest(), Rules: rules.Len(), Detections: len(l.Detections), Correlations: len(l.Correlations),
		Source: l.Source != nil, Format: rtlib.FormatVersion, Lite: lite, Go: runtime.Version(), Modules: []moduleNumber{},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		n := moduleNumber{Path: m.Path, Version: m.Version, Replaced: m.Replace != nil}
		if n.Replaced { // by a directory, whose path is nobody's business, or another version
			n.Version = m.Replace.Version
		}
		if n.Version == "" || n.Version == "(devel)" {
			n.Version = "devel"
		}
		v.Modules = append(v.Modules, n)
	}
	return v
}

// versionText names the program and the rules that are linked into it.
func (l Linked) versionText() string {
	rules := reload.LoadOrder(l.rules())
	return fmt.Sprintf("rsigmad %s, rule set %s, %d linked rules", moduleVersion(), rules.Digest(), rules.Len())
}

// modulePath is the module of this package.
const modulePath = "github.com/rsigma-go/rsigma"

// moduleVersion is the version of this module as the go command recorded it, "devel" for a build from a checkout. In a program with other
// rules this module is one that it depends on.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	version := info.Main.Version
	for _, m := range info.Deps {
		if m.Path != modulePath {
			continue
		}
		if version = m.Version; m.Replace != nil {
			version = m.Replace.Version
		}
	}
	if version == "" || version == "(devel)" {
		return "devel"
	}
	return version
}

// printJSON prints v on a line of its own.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
