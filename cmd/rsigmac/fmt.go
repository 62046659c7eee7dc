package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/aymanbagabas/go-udiff"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/rulefmt"
)

type fmtCmd struct {
	Rules []string `sep:"none" short:"r" required:"" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable."`
	Check bool     `help:"Write nothing; name the files that would change, with status 1."`
	Diff  bool     `help:"Write nothing; show what would change, with status 1."`
}

// Help is shown below the flags.
func (fmtCmd) Help() string {
	return `Lays rule files out in one way: keys in the order of the specification, condition last, four blanks a level, no blank lines between
attributes. Lines are moved and indented; comments, quotes, block scalars and the order of search identifiers stay, so what the rules
mean, and their digests, stay too. A file that cannot be laid out so, because of anchors for example, is named and left alone.

Example: rsigmac fmt -r rules --check`
}

// Run implements the command.
func (c *fmtCmd) Run(s streams) error {
	sources, err := compiler.Load(c.Rules)
	if err != nil {
		return statusError{exitRules, err}
	}
	if len(sources) == 0 {
		return errNoRules
	}
	changed, broken := 0, 0
	for _, src := range sources {
		text, err := rulefmt.Format(src.Name, src.Data)
		if src.Err() != nil {
			err = fmt.Errorf("%s: %w", src.Name, src.Err())
		}
		switch {
		case errors.Is(err, rulefmt.ErrLayout):
			fmt.Fprintln(s.err, diag.Printable(err.Error()))
			continue
		case err != nil:
			broken++
			fmt.Fprintln(s.err, diag.Printable(err.Error()))
			continue
		case bytes.Equal(text, src.Data):
			continue
		}
		changed++
		switch {
		case c.Diff:
			fmt.Fprint(s.out, udiff.Unified(src.Name, src.Name+" (formatted)", string(src.Data), string(text)))
		case c.Check:
			fmt.Fprintln(s.out, diag.Printable(src.Name))
		default:
			if err := replaceFile(filepath.FromSlash(src.Name), text); err != nil {
				return fmt.Errorf("write formatted rules: %w", err)
			}
		}
	}
	word := "formatted"
	if c.Check || c.Diff {
		word = "to format"
	}
	fmt.Fprintf(s.err, "%d files, %d %s\n", len(sources), changed, word)
	if broken > 0 || changed > 0 && (c.Check || c.Diff) {
		return statusError{status: exitFinding}
	}
	return nil
}
