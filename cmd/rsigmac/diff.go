package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/codegen/rulediff"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type diffCmd struct {
	Old         string   `arg:"" help:"Old rules: a directory or a file. With --git, the rules whose old revision is looked at."`
	New         string   `arg:"" optional:"" help:"New rules; not with --git."`
	Git         string   `placeholder:"REV" help:"Take the old rules from this git revision of the same directory."`
	Pipeline    []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline for both sides: a built-in name, a file or a directory. Repeatable."`
	OldPipeline []string `sep:"none" placeholder:"NAME|PATH" help:"Processing pipeline for the old side, instead of those of --pipeline. Repeatable."`
	Fallback    string   `name:"placeholder-fallback" enum:"strict,event" default:"strict" help:"What a placeholder that no pipeline fills does: strict skips the rule, event fills it from the event field of that name."`
	Events      []string `sep:"none" placeholder:"FILE" help:"Events to count gained and lost hits on: NDJSON, or whole JSON documents; gzip is recognised. - is standard input. Repeatable."`
	Seed        uint64   `default:"1" help:"Seed of the search for example events."`
	FailOn      string   `enum:"none,removed,narrowed,changed,any" default:"none" help:"Exit with status 1 if a rule was removed or no longer runs (removed); or matches no longer all that it did (narrowed); or was added or changed in what it means or reports (changed); or differs at all (any)."`
	NoCode      bool     `help:"Leave out the difference of the generated code."`
	Format      string   `enum:"text,markdown,json" default:"text" help:"Output: text, markdown for a pull request, or json."`
}

// Help is shown below the flags.
func (diffCmd) Help() string {
	return `Compares two versions of a rule set by what the rules mean after pipelines: which rules were added or removed, which changed in
their text or in what they report only, and which changed in meaning. For these it shows the difference of the generated code
and looks for events that one version matches and the other does not. Each example was tried on both versions, by the search
index and by asking the rule alone. That none was found does not say that there is none, unless it says "proved".

Rules are the same if they have the same id, else the same place, else the same title.

Examples:
  rsigmac diff old-rules new-rules
  rsigmac diff --git origin/main rules --format markdown --fail-on narrowed
  rsigmac diff --git HEAD~1 rules -p ecs_windows --events sample.ndjson.gz`
}

// Run implements the command.
func (c *diffCmd) Run(s streams) error {
	if (c.New == "") == (c.Git == "") {
		return errors.New("give old and new rules, or --git and the new ones")
	}
	oldSources, newSources, err := c.sources()
	if err != nil {
		return err
	}
	oldPipelines := c.OldPipeline
	if len(oldPipelines) == 0 {
		oldPipelines = c.Pipeline
	}
	before, err := c.version(s, "old", oldSources, oldPipelines)
	if err != nil {
		return err
	}
	after, err := c.version(s, "new", newSources, c.Pipeline)
	if err != nil {
		return err
	}
	if len(before.Program.Documents)+len(after.Program.Documents) == 0 {
		return errNoRules
	}
	rep, err := rulediff.Compare(before, after, rulediff.Options{Seed: c.Seed, NoCode: c.NoCode})
	if err != nil {
		return err
	}
	if len(c.Events) > 0 {
		if err := c.hits(s, rep); err != nil {
			return err
		}
	}
	switch c.Format {
	case "json":
		err = writeJSON(s.out, newDiffReport(rep))
	case "markdown":
		err = writeDiffMarkdown(s.out, rep)
	default:
		err = writeDiffText(s.out, rep, useColor(s.out))
	}
	if err == nil && rep.Fails(c.FailOn) {
		return statusError{status: exitFinding}
	}
	return err
}

// sources reads both sides.
func (c *diffCmd) sources() (before, after []compiler.Source, err error) {
	name := c.New
	if c.Git != "" {
		name = c.Old
		before, err = gitSources(c.Git, c.Old)
	} else {
		before, err = compiler.Load([]string{c.Old})
	}
	if err == nil {
		after, err = compiler.Load([]string{name})
	}
	if err != nil {
		return nil, nil, statusError{exitRules, err}
	}
	return relative(before, c.Old), relative(after, name), nil
}

// relative names the sources below root by their paths in it, so that both sides agree.
func relative(sources []compiler.Source, root string) []compiler.Source {
	root = path.Clean(filepath.ToSlash(root))
	for i := range sources {
		name := path.Clean(sources[i].Name)
		switch {
		case name == root:
			sources[i].Name = path.Base(name)
		case root == ".":
		default:
			sources[i].Name = strings.TrimPrefix(strings.TrimPrefix(name, root), "/")
		}
	}
	return sources
}

// version compiles one side. Errors in its rules are shown and do not stop.
func (c *diffCmd) version(s streams, side string, sources []compiler.Source, pipelines []string) (*rulediff.Version, error) {
	loaded, err := compiler.LoadPipelines(pipelines)
	if err != nil {
		return nil, statusError{exitUsage, err}
	}
	prog, log := compiler.Compile(sources, compiler.Options{Pipelines: loaded, PlaceholderFallback: c.Fallback == "event"})
	if err := compiler.CheckPipelines(loaded, log); err != nil {
		return nil, statusError{exitUsage, err}
	}
	if n := prog.Count(ir.Failed); n > 0 {
		fmt.Fprintf(s.err, "%d documents of the %s rules failed:\n", n, side)
		diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	}
	out := &rulediff.Version{Program: prog, Texts: map[string][]byte{}}
	for _, src := range sources {
		out.Texts[src.Name] = src.Data
	}
	return out, nil
}

// hits counts what is gained and lost on given events.
func (c *diffCmd) hits(s streams, rep *rulediff.Report) error {
	counter, err := rep.Counter()
	if err != nil {
		return err
	}
	r := &eventReader{streams: s, take: counter.Add}
	for _, name := range c.Events {
		if err := r.file(name); err != nil {
			return err
		}
	}
	if rep.Events == 0 {
		return errors.New("no event found in the sample")
	}
	return nil
}

// gitSources reads the rule files of a git revision below dir, or the one file.
func gitSources(revision, dir string) ([]compiler.Source, error) {
	if strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("%q is no revision", revision)
	}
	at, spec := dir, "."
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		at, spec = filepath.Dir(dir), filepath.Base(dir)
	}
	cmd := exec.CommandContext(context.Background(), "git", "archive", "--format=tar", revision, "--", spec)
	cmd.Dir, cmd.Env = at, append(os.Environ(), "LC_ALL=C")
	var text, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &errs
	if err := cmd.Run(); err != nil {
		for _, text := range []string{"did not match any files", "directory is untracked"} {
			if bytes.Contains(errs.Bytes(), []byte(text)) {
				return nil, nil // there were no rules yet
			}
		}
		return nil, fmt.Errorf("read revision %s of %s: %w: %s", revision, dir, err, strings.TrimSpace(errs.String()))
	}
	var out []compiler.Source
	for tr := tar.NewReader(&text); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read revision %s of %s: %w", revision, dir, err)
		}
		if h.Typeflag != tar.TypeReg || !isRuleFile(h.Name) {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			return nil, fmt.Errorf("read revision %s of %s: %w", revision, dir, err)
		}
		out = append(out, compiler.Source{Name: path.Join(filepath.ToSlash(at), h.Name), Data: data})
	}
}

// isRuleFile tells rule files as compiler.Load does: by their ending, and not below directories whose name begins with a dot.
func isRuleFile(name string) bool {
	if ext := path.Ext(name); ext != ".yml" && ext != ".yaml" {
		return false
	}
	for step := range strings.SplitSeq(path.Dir(name), "/") {
		if strings.HasPrefix(step, ".") && step != "." {
			return false
		}
	}
	return true
}
