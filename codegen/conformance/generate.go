package conformance

import (
	"fmt"
	"path/filepath"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// vectorsDir is the directory of the vectors, relative to that of this package.
const vectorsDir = "testdata/vectors"

// generatedDir is the directory of the vectors' generated code, relative to this package's.
const generatedDir = "vectorsgen"

// Regenerate rewrites the generated code of the vectors. dir is the directory of this package. Files that are right already
// stay untouched, and those that no vector needs any more are removed.
func Regenerate(dir string) error {
	files, err := generateVectors(dir)
	if err != nil {
		return err
	}
	if _, err := codegen.Write(filepath.Join(dir, generatedDir), files); err != nil {
		return fmt.Errorf("write the generated code of the vectors: %w", err)
	}
	return nil
}

// generateVectors returns the generated code of all vectors that have events or a timeline.
func generateVectors(dir string) ([]codegen.File, error) {
	files, log := LoadFiles([]string{filepath.Join(dir, filepath.FromSlash(vectorsDir))})
	if log.Errors() > 0 {
		return nil, fmt.Errorf("read vectors: %s", log.Sorted()[0])
	}
	var programs []*ir.Program
	for _, f := range files {
		for _, c := range f.Cases {
			if len(c.Events) == 0 && len(c.Timeline) == 0 {
				continue
			}
			u := &unit{CaseResult: &CaseResult{Case: c, Status: Passed}}
			u.compile(false)
			programs = append(programs, u.prog)
		}
	}
	return codegen.Generate(merge(programs), codegen.Options{ImportPath: modulePath + "/codegen/conformance/" + generatedDir})
}
