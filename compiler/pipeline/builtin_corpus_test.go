package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/corpustest"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// The rules of SigmaHQ, and how many of them cannot run: two hold placeholders that a pipeline of the site must fill.
const (
	corpusRules   = 3_754
	corpusSkipped = 2
)

func TestTheRulesOfSigmaHQLoadWithEveryBuiltinPipeline(t *testing.T) {
	t.Parallel()
	sources := corpustest.Rules(t)
	chains := append([]string{"", "sysmon ecs_windows"}, pipeline.BuiltinNames()...)
	for _, names := range chains {
		t.Run("-p "+names, func(t *testing.T) {
			t.Parallel()
			var opts compiler.Options
			for name := range strings.FieldsSeq(names) {
				src, _, ok := pipeline.BuiltinSource(name)
				if !ok {
					t.Fatalf("no built-in pipeline %s", name)
				}
				opts.Pipelines = append(opts.Pipelines, compiler.Source{Name: name, Data: src})
			}
			prog, log := compiler.Compile(sources, opts)
			count := map[ir.Status]int{}
			for _, d := range prog.Documents {
				count[d.Status]++
			}
			t.Logf("%d armed, %d skipped, %d failed", count[ir.Armed], count[ir.Skipped], count[ir.Failed])
			if count[ir.Armed] < corpusRules-corpusSkipped || count[ir.Skipped] > corpusSkipped || count[ir.Failed] > 0 {
				t.Errorf("%d documents, %d errors", len(prog.Documents), log.Errors())
			}
		})
	}
}
