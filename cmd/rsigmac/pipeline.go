package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// pipelineCmd groups what there is to do with processing pipelines.
type pipelineCmd struct {
	List  pipelineListCmd  `cmd:"" help:"List the built-in pipelines."`
	Show  pipelineShowCmd  `cmd:"" help:"Print the YAML of a built-in pipeline."`
	Apply pipelineApplyCmd `cmd:"" help:"Show rules before and after pipelines."`

	Resolve pipelineResolveCmd `cmd:"" help:"Read the dynamic sources of pipelines and print what they give."`
}

// Help is shown below the flags.
func (pipelineCmd) Help() string {
	return `A processing pipeline adapts rules to the shape of the events: it renames fields, adds conditions and fills placeholders.
docs/pipelines.md has a worked example.`
}

type pipelineListCmd struct {
	Format string `enum:"text,json" default:"text" help:"Output: text or json."`
}

// Help is shown below the flags.
func (pipelineListCmd) Help() string {
	return `Pipelines run in the order of their priorities, the lowest first.

Example: rsigmac pipeline list --format json | jq -r '.[].name'`
}

// pipelineInfo is one built-in pipeline in the JSON output.
type pipelineInfo struct {
	Name            string `json:"name"`
	Priority        int    `json:"priority"`
	Transformations int    `json:"transformations"`
	Origin          string `json:"origin"`
	Description     string `json:"description"`
}

// Run implements the command.
func (c *pipelineListCmd) Run(s streams) error {
	var infos []pipelineInfo
	for _, name := range pipeline.BuiltinNames() {
		_, summary, _ := pipeline.BuiltinSource(name)
		p, _ := pipeline.Builtin(name)
		infos = append(infos, pipelineInfo{name, p.Priority, len(p.Items), "builtin", summary})
	}
	if c.Format == "json" {
		return writeJSON(s.out, infos)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tPRIORITY\tTRANSFORMATIONS\tORIGIN\tFOR")
	for _, i := range infos {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", i.Name, i.Priority, i.Transformations, i.Origin, i.Description)
	}
	return w.Flush()
}

type pipelineShowCmd struct {
	Name string `arg:"" help:"Name of a built-in pipeline."`
}

// Help is shown below the flags.
func (pipelineShowCmd) Help() string {
	return `The text is an ordinary pipeline file: a start for one of your own.

Example: rsigmac pipeline show ecs_windows > pipelines/ours.yml`
}

// Run implements the command.
func (c *pipelineShowCmd) Run(s streams) error {
	src, _, ok := pipeline.BuiltinSource(c.Name)
	if !ok {
		hint := diag.Suggest(c.Name, pipeline.BuiltinNames())
		if hint == "" {
			hint = `"rsigmac pipeline list" names them`
		}
		return fmt.Errorf("no built-in pipeline is called %q (%s)", c.Name, hint)
	}
	_, err := s.out.Write(src)
	return err
}
