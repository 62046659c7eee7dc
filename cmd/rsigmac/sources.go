package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// sourceFlags say where dynamic sources of pipelines are declared and what they may do.
type sourceFlags struct {
	Source              []string `sep:"none" placeholder:"PATH" help:"File, or directory of files, that declares dynamic sources of pipelines. Repeatable."`
	AllowCommand        bool     `help:"Let dynamic sources run commands."`
	AllowProxy          bool     `help:"Let dynamic sources use the proxy that the environment names."`
	InsecurePermissions bool     `help:"Read declarations of sources that everybody may write."`
	EgressPolicy        string   `default:"default" placeholder:"POLICY" help:"Which addresses dynamic sources may reach: default, strict or permissive."`
}

// declarations reads the declarations.
func (f *sourceFlags) declarations() ([]*dynsource.Declaration, []diag.Diagnostic, error) {
	opts, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	decls, warnings, err := dynsource.Load(f.Source, opts)
	if err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	return decls, warnings, nil
}

// options are the rules for fetching.
func (f *sourceFlags) options() (dynsource.LoadOptions, error) {
	egress, err := dynsource.ParseEgress(f.EgressPolicy)
	if err != nil {
		return dynsource.LoadOptions{}, statusError{exitUsage, err}
	}
	return dynsource.LoadOptions{
		AllowCommand: f.AllowCommand, InsecurePermissions: f.InsecurePermissions, Egress: egress, AllowProxy: f.AllowProxy, UserAgent: "rsigmac",
	}, nil
}

// values reads all sources, nil if none are declared. The error names every required source that has no value.
func (f *sourceFlags) values() (map[string]pipeline.Source, error) {
	if len(f.Source) == 0 {
		return nil, nil
	}
	decls, _, err := f.declarations()
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := dynsource.New(decls, dynsource.Observer{})
	var errs []error
	for _, out := range r.Resolve(ctx) {
		if !out.Usable {
			errs = append(errs, fmt.Errorf("source %q has no value: %s: %w", out.ID, out.Err.Kind, out.Err))
		}
	}
	if len(errs) > 0 {
		return nil, statusError{exitUsage, errors.Join(errs...)}
	}
	values, err := r.Values()
	if err != nil {
		return nil, statusError{exitUsage, err}
	}
	return values, nil
}
