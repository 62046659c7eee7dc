package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// parses says whether the program understands a command line.
func parses(args []string) error {
	parser, err := kong.New(&cli{}, kong.Name("rsigmac"))
	if err == nil {
		_, err = parser.Parse(args)
	}
	return err
}

// document reads a YAML file of the repository.
func document(t *testing.T, path string) *yamldoc.Node {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var log diag.List
	docs := yamldoc.Parse(path, text, &log)
	if len(docs) != 1 || log.Errors() > 0 {
		t.Fatalf("%s: %+v", path, log)
	}
	return docs[0].Root
}

func TestHooksForPreCommitAreCommandsOfTheProgram(t *testing.T) {
	t.Parallel()
	hooks := document(t, "../../.pre-commit-hooks.yaml").Items
	if len(hooks) < 4 {
		t.Fatalf("%d hooks", len(hooks))
	}
	for _, h := range hooks {
		id := h.Get("id").Text
		args, ok := strings.CutPrefix(h.Get("entry").Text, "rsigmac ")
		if !ok || h.Get("language").Text != "golang" || h.Get("name") == nil {
			t.Errorf("%s: %+v", id, h)
		}
		words := strings.Fields(args)
		for _, a := range h.Get("args").Items {
			words = append(words, a.Text)
		}
		if err := parses(words); err != nil {
			t.Errorf("%s: %q: %v", id, words, err)
		}
		if _, err := regexp.Compile(h.Get("files").Text); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestTheActionTakesItsInputsAsVariablesOnly looks for inputs within scripts, where a branch could be named so that it is run.
func TestTheActionTakesItsInputsAsVariablesOnly(t *testing.T) {
	t.Parallel()
	action := document(t, "../../contrib/action/action.yml")
	steps := action.Get("runs").Get("steps").Items
	used := map[string]bool{}
	for _, s := range steps {
		if run := s.Get("run"); run != nil && (strings.Contains(run.Text, "${{") || s.Get("shell").Text != "bash") {
			t.Errorf("%s", run.Text)
		}
		for _, block := range []string{"env", "with"} {
			if n := s.Get(block); n != nil {
				for _, e := range n.Pairs {
					for _, m := range regexp.MustCompile(`\$\{\{ inputs\.([a-z-]+) \}\}`).FindAllStringSubmatch(e.Value.Text, -1) {
						used[m[1]] = true
					}
				}
			}
		}
	}
	inputs := action.Get("inputs").Pairs
	if len(steps) != 3 || len(inputs) != len(used) {
		t.Errorf("%d steps, %d inputs, of which %d are used", len(steps), len(inputs), len(used))
	}
	for _, i := range inputs {
		if name := i.Key; !used[name] || i.Value.Get("description") == nil {
			t.Errorf("input %s is not used or not described", name)
		}
	}
}

func TestEveryCommandHasHelpAndIsInTheManual(t *testing.T) {
	t.Parallel()
	status, page := runIn(t, "man")
	if status != exitOK {
		t.Fatal(status)
	}
	parser, err := kong.New(&cli{}, kong.Name("rsigmac"))
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) < 14 {
		t.Errorf("%d commands", len(leaves))
	}
	for _, n := range leaves {
		if n.Help == "" || !strings.Contains(page, "\n.SS "+n.FullPath()+"\n") {
			t.Errorf("%s is not in the manual, or has no help", n.FullPath())
		}
	}
}
