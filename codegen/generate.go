// Package codegen turns a compiled rule set into Go source: a package for each directory of rules, a file for each rule, a
// list of them all, and a manifest that accounts for every document. Generate is pure; Write and Check compare its result with
// a directory. The command rsigmac calls them.
//
// The code is meant to be read in review. It imports nothing but rtlib; a rule is a table of plain data and functions that
// combine its predicates. What a predicate means is decided in rtlib alone: this package holds no semantics.
package codegen

import (
	"cmp"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"

	"github.com/rsigma-go/rsigma/compiler/ir"
)

// DefaultImportPath is the import path of the generated code of this module.
const DefaultImportPath = "github.com/rsigma-go/rsigma/gen"

// Options are the choices of a generation.
type Options struct {
	// Roots are the rule files and directories as given to the compiler. The path of a rule below its root decides its
	// package. Files outside of all roots go by their whole relative path.
	Roots []string
	// ImportPath is the import path of the directory that the files are for, DefaultImportPath if empty. Its last segment is
	// the name of the package that lists all rules. See ImportPath.
	ImportPath string
}

// File is a generated file. Path is relative to the output directory, with slashes.
type File struct {
	Path    string
	Content []byte
}

// Generate returns the files of p, sorted by path. They depend on p and opts only. An error is a defect of the compiler, or a
// number that Go cannot express. Cost: about a millisecond of CPU for each rule, spread over all processors.
func Generate(p *ir.Program, opts Options) ([]File, error) {
	opts.ImportPath = cmp.Or(opts.ImportPath, DefaultImportPath)
	for _, r := range p.Rules {
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("generate code: %w", err)
		}
	}
	for _, c := range p.Correlations {
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("generate code: %w", err)
		}
	}
	l := newLayout(p, opts)
	var jobs []func() (File, error)
	for _, pkg := range l.packages {
		for _, r := range pkg.rules {
			jobs = append(jobs, r.file)
		}
		for _, c := range pkg.correlations {
			jobs = append(jobs, c.file)
		}
		jobs = append(jobs, pkg.file)
	}
	jobs = append(jobs, l.file, l.account(p).file)
	files, err := runAll(jobs)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// runAll runs jobs on all processors. Of several errors it returns that of the first job.
func runAll(jobs []func() (File, error)) ([]File, error) {
	files, errs := make([]File, len(jobs)), make([]error, len(jobs))
	next := make(chan int, len(jobs))
	for i := range jobs {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range min(len(jobs), goruntime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				files[i], errs[i] = jobs[i]()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
