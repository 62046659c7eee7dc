package cmdline

import (
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon"
)

// sourceFlags say where dynamic pipeline sources are declared and what they may do.
//
// Source: daemon.md section 4.1; dynamic-sources.md section 12.
type sourceFlags struct {
	Source              []string `sep:"none" placeholder:"PATH" help:"File, or directory of files, that declares dynamic sources of pipelines. Repeatable."`
	AllowCommand        bool     `help:"Let dynamic sources run commands."`
	AllowRemoteInclude  bool     `help:"Let pipelines include items from sources that come over the network."`
	AllowProxy          bool     `help:"Let dynamic sources use the proxy that the environment names."`
	InsecurePermissions bool     `help:"Read declarations of sources that everybody may write."`
	EgressPolicy        string   `default:"default" placeholder:"POLICY" help:"Which addresses dynamic sources may reach: default (not link-local and cloud metadata), strict (not private ones either), permissive."`
	MaxSourceSize       int64    `default:"67108864" placeholder:"N" help:"Largest value of a dynamic source that a declaration may ask for, in bytes."`
}

func (f *sourceFlags) apply(c *daemon.Config) error {
	c.Sources = daemon.Sources{
		Files: f.Source, AllowCommand: f.AllowCommand, AllowProxy: f.AllowProxy, InsecurePermissions: f.InsecurePermissions,
		Egress: f.EgressPolicy, MaxSize: f.MaxSourceSize,
	}
	c.Rules.Compile.AllowRemoteInclude = f.AllowRemoteInclude
	if external := c.Rules.Compile.External; external != nil {
		egress, err := dynsource.ParseEgress(f.EgressPolicy)
		if err != nil {
			return err
		}
		external.Fetch.Egress, external.Fetch.AllowProxy, external.Fetch.AllowCommand = egress, f.AllowProxy, f.AllowCommand
	}
	return nil
}
