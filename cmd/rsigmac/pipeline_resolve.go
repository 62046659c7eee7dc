package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

type pipelineResolveCmd struct {
	sourceFlags
	Pipeline []string `sep:"none" short:"p" required:"" placeholder:"NAME|PATH" help:"Processing pipeline: a built-in name, a file or a directory. Repeatable."`
	ID       []string `sep:"none" name:"id" short:"s" placeholder:"ID" help:"Only this source. Repeatable."`
	DryRun   bool     `help:"Say what would be read, and read nothing."`
	Pretty   bool     `help:"Indent the output."`
}

// Help is shown below the flags.
func (pipelineResolveCmd) Help() string {
	return `Reads the dynamic sources that the pipelines refer to and prints what they give, as JSON: one object if there is one source, else a
list. The exit status is 0 if all could be read, 1 if some could not, 2 if there is no pipeline or no source to read, and 3 for a wrong
argument or declaration.

Example: rsigmac pipeline resolve -p pipelines/ours.yml --source sources.yml --pretty`
}

// resolved is one source in the output.
type resolved struct {
	Pipeline string           `json:"pipeline"`
	ID       string           `json:"source_id"`
	Status   string           `json:"status,omitempty"`
	Data     *json.RawMessage `json:"data,omitempty"`
	Error    string           `json:"error,omitempty"`

	Type     dynsource.Type `json:"source_type,omitempty"`
	Required *bool          `json:"required,omitempty"`
	Refresh  string         `json:"refresh,omitempty"`
}

// Run implements the command.
func (c *pipelineResolveCmd) Run(s streams) error {
	decls, _, err := c.declarations()
	if err != nil {
		return err
	}
	list, err := c.selected(decls)
	if err != nil {
		return err
	}
	failed := false
	if !c.DryRun {
		failed = c.resolve(decls, list)
	}
	if err := c.print(s, list); err != nil {
		return err
	}
	if failed {
		return statusError{status: exitFinding}
	}
	return nil
}

// selected returns a line of output for each pipeline and source that it refers to.
func (c *pipelineResolveCmd) selected(decls []*dynsource.Declaration) ([]*resolved, error) {
	log := &diag.List{}
	pipelines := pipeline.Resolve(nil, c.Pipeline, log)
	if log.Errors() > 0 {
		return nil, statusError{exitRules, errors.New(log.All()[0].String())}
	}
	var out []*resolved
	for _, p := range pipelines {
		for _, id := range p.Sources() {
			i := slices.IndexFunc(decls, func(d *dynsource.Declaration) bool { return d.ID == id })
			if i < 0 || len(c.ID) > 0 && !slices.Contains(c.ID, id) {
				continue
			}
			r := &resolved{Pipeline: "external:" + p.File, ID: id}
			if c.DryRun {
				r.Type, r.Required, r.Refresh = decls[i].Type, &decls[i].Required, decls[i].Refresh.String()
			}
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, statusError{exitRules, errors.New("no source to read: the pipelines refer to none that --source declares and --id names")}
	}
	return out, nil
}

// resolve reads the sources of list and fills in what they give.
func (c *pipelineResolveCmd) resolve(decls []*dynsource.Declaration, list []*resolved) (failed bool) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := dynsource.New(decls, dynsource.Observer{})
	var ids []string
	for _, x := range list {
		ids = append(ids, x.ID)
	}
	slices.Sort(ids)
	errs := map[string]*dynsource.Error{}
	for _, out := range r.Resolve(ctx, slices.Compact(ids)...) {
		errs[out.ID] = out.Err
	}
	for _, x := range list {
		if err := errs[x.ID]; err != nil {
			x.Status, x.Error = "error", string(err.Kind)+": "+err.Text
			failed = true
			continue
		}
		value, _ := r.Data(x.ID)
		text, _ := json.Marshal(value) // came from JSON
		x.Status, x.Data = "ok", (*json.RawMessage)(&text)
	}
	return failed
}

func (c *pipelineResolveCmd) print(s streams, list []*resolved) error {
	var v any = list
	if len(list) == 1 {
		v = list[0]
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	if c.Pretty {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(v)
}
