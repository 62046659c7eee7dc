package cmdline

import (
	"io"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/cmd/clidoc"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Shell: bash, zsh or fish."`
}

// Help is shown below the flags.
func (completionCmd) Help() string { return clidoc.CompletionHelp("rsigmad") }

// Run implements the command.
func (c *completionCmd) Run(s streams, ctx *kong.Context) error {
	text, err := clidoc.Completion(ctx.Model, c.Shell)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, text)
	return err
}

type manCmd struct{}

// Help is shown below the flags.
func (manCmd) Help() string { return clidoc.ManHelp("rsigmad") }

// Run implements the command.
func (manCmd) Run(s streams, ctx *kong.Context) error {
	_, err := io.WriteString(s.out, clidoc.Man(ctx.Model))
	return err
}
