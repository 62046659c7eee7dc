package rsigma

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rsigma-go/rsigma"

// allowed is the package map: what each package may import of ours. A trailing /... stands for everything below; "*" for all.
// A package that is not listed fails the test, so that the map stays complete.
var allowed = map[string][]string{
	"":                 {},
	"rtlib":            {},
	"rtlib/multi":      {"rtlib"},
	"rtlib/decode":     {"rtlib"},
	"rtlib/evtx/...":   {},
	"rtlib/frame":      {"rtlib/evtx"},
	"rtlib/ruleset":    {"rtlib", "rtlib/multi"},
	"rtlib/correlate":  {"rtlib"},
	"compiler/diag":    {},
	"compiler/yamldoc": {"compiler/diag"},

	"compiler/condition": {"compiler/diag"},
	"compiler/sigma":     {"compiler/yamldoc", "compiler/condition", "compiler/diag"},
	"compiler/modifier":  {"compiler/sigma", "compiler/yamldoc", "compiler/diag"},
	"compiler/printer":   {"compiler/sigma", "compiler/modifier", "compiler/condition", "compiler/yamldoc", "compiler/diag"},
	"compiler/link":      {"compiler/sigma", "compiler/condition", "compiler/diag"},
	"compiler/pipeline": {"compiler/pipeline/builtin", "compiler/sigma", "compiler/modifier", "compiler/condition",
		"compiler/yamldoc", "compiler/diag", "compiler/link"},
	"compiler/pipeline/builtin": {},
	"compiler/extract":          {},
	"compiler/valuelist":        {"compiler/dynsource", "compiler/pipeline", "compiler/extract", "compiler/yamldoc", "compiler/diag"},
	"compiler/ir":               {"rtlib", "rtlib/correlate", "compiler/diag"},
	"compiler/lower": {"compiler/sigma", "compiler/condition", "compiler/ir", "compiler/diag", "compiler/yamldoc",
		"rtlib", "rtlib/correlate"},
	"compiler/opt":      {"compiler/ir", "rtlib"},
	"compiler/interp":   {"compiler/ir", "rtlib", "rtlib/correlate"},
	"compiler/coverage": {"compiler/ir", "rtlib", "rtlib/decode"},
	"compiler/synth":    {"compiler/ir", "rtlib", "rtlib/decode"},
	"compiler/cost":     {"compiler/interp", "compiler/ir", "rtlib", "rtlib/decode", "rtlib/ruleset"},
	"compiler/lint":     {"compiler", "compiler/condition", "compiler/diag", "compiler/sigma", "compiler/yamldoc", "rtlib"},
	"compiler/rulefmt":  {"compiler/diag", "compiler/yamldoc"},
	"compiler": {"compiler/diag", "compiler/ir", "compiler/link", "compiler/lower", "compiler/modifier", "compiler/opt",
		"compiler/pipeline", "compiler/sigma", "compiler/valuelist", "compiler/yamldoc"},

	"codegen":          {"compiler/ir", "rtlib", "rtlib/correlate"},
	"codegen/project":  {"codegen"},
	"codegen/gobuild":  {""},
	"codegen/prove":    {"compiler/interp", "compiler/ir", "compiler/synth", "codegen", "codegen/gobuild", "codegen/prove/runner", "rtlib"},
	"codegen/rulediff": {"compiler/interp", "compiler/ir", "compiler/synth", "codegen", "rtlib", "rtlib/decode", "rtlib/ruleset"},
	// The source of runner is part of programs around generated rules.
	"codegen/prove/runner": {"rtlib", "rtlib/decode", "rtlib/ruleset"},
	// The vectors' generated code is generated code.
	"codegen/conformance/vectorsgen/...": {"rtlib", "rtlib/correlate", "codegen/conformance/vectorsgen/..."},
	"codegen/conformance/...":            {"", "compiler/...", "codegen", "codegen/gobuild", "codegen/conformance/...", "rtlib/..."},
	"gen/...":                            {"rtlib", "rtlib/correlate", "gen/..."},

	"compiler/watch":      {},
	"compiler/corpustest": {"compiler"}, // for tests only
	"compiler/dynsource":  {"compiler/extract", "compiler/pipeline", "compiler/watch", "compiler/yamldoc", "compiler/diag"},

	"daemon/store":           {},
	"daemon/store/sqlite":    {"daemon/store"},
	"daemon/store/storetest": {"daemon/store"},

	"daemon/flow":         {"rtlib", "rtlib/frame"},
	"daemon/flow/...":     {"daemon/flow", "rtlib/frame"},
	"daemon/alert":        {"rtlib", "rtlib/correlate"},
	"daemon/commitlog":    {"daemon/flow", "daemon/engine", "daemon/store", "rtlib/correlate"},
	"daemon/engine":       {"daemon/flow", "daemon/alert", "rtlib/..."},
	"daemon/reload":       {"compiler/...", "daemon/engine", "rtlib", "rtlib/correlate"},
	"daemon/metrics":      {},
	"daemon/logging":      {},
	"daemon/listen":       {},
	"daemon/handover":     {},
	"daemon/live":         {},
	"daemon/input/stdin":  {"daemon/flow"},
	"daemon/input/httpin": {"daemon/flow", "rtlib/frame"},
	"daemon/input/unix":   {"daemon/flow", "daemon/listen"},
	"daemon/sink":         {},
	"daemon/sink/stdout":  {"daemon/flow"},
	"daemon/sink/file":    {"daemon/flow"},
	"daemon/sink/unix":    {"daemon/flow"},
	"daemon/natsconn":     {"daemon/natsconf"},
	"daemon/natsconn/...": {},
	"daemon/natsconf":     {},
	"daemon/natssub":      {"daemon/natsconn"},
	"daemon/input/nats":   {"daemon/flow", "daemon/logging", "daemon/natsconf", "daemon/natsconn", "rtlib/frame"},
	"daemon/sink/nats":    {"daemon/flow", "daemon/natsconn"},
	"daemon/input/otlp":   {"daemon/flow", "rtlib", "rtlib/frame"},
	"daemon/sink/otlp":    {"daemon/flow", "rtlib"},
	"daemon/dlq":          {"daemon/flow", "daemon/logging", "rtlib"},
	"daemon/api":          {"daemon/flow", "daemon/live"},
	"daemon/config":       {"compiler/yamldoc", "compiler/diag"},
	// Transports are handed to it, so that a program may be built without them.
	"daemon/transports": {"daemon", "daemon/flow", "daemon/input/nats", "daemon/input/otlp", "daemon/natsconf", "daemon/natssub", "daemon/sink/nats", "daemon/sink/otlp", "compiler/dynsource"},
	"daemon":            {"daemon/...", "compiler", "compiler/diag", "compiler/dynsource", "compiler/extract", "compiler/ir", "compiler/pipeline", "compiler/watch", "rtlib", "rtlib/correlate", "rtlib/decode"},

	"cmd/rsigmac":     {"cmd/clidoc", "compiler/...", "codegen/...", "rtlib/..."}, // never gen or daemon: a broken gen must not break its generator
	"cmd/rsigmad":     {"cmd/rsigmad/app", "gen"},
	"cmd/rsigmad/app": {"cmd/rsigmad/internal/cmdline"},
	"cmd/rsigmad/internal/cmdline": {"daemon", "daemon/...", "cmd/clidoc", "compiler", "compiler/dynsource", "compiler/valuelist", "compiler/diag", "compiler/ir",
		"compiler/sigma", "rtlib/..."},
	"cmd/clidoc":   {},
	"bench":        {"*"},
	"bench/peers":  {},
	"bench/ratios": {},
}

// oneImporter lists third-party modules that a single package may import, so that a swap is one package.
var oneImporter = map[string]string{
	"gopkg.in/yaml.v3":                  "compiler/yamldoc",
	"github.com/itchyny/gojq":           "compiler/extract",
	"github.com/dave/jennifer":          "codegen",
	"github.com/ohler55/ojg":            "compiler/extract",
	"github.com/fsnotify/fsnotify":      "compiler/watch",
	"github.com/prometheus":             "daemon/metrics",
	"github.com/cenkalti/backoff/v5":    "daemon/flow",
	"golang.org/x/time":                 "daemon/api",
	"github.com/fatih/color":            "compiler/diag",
	"github.com/schollz/progressbar/v3": "cmd/rsigmad/internal/cmdline",
	"github.com/aymanbagabas/go-udiff":  "cmd/rsigmac",
	"github.com/owenrumney/go-sarif":    "compiler/lint",
	"golang.org/x/mod":                  "codegen/project",
	"modernc.org/sqlite":                "daemon/store/sqlite",
	"github.com/coreos/go-systemd":      "daemon/handover",
	"github.com/nats-io/nats-server/v2": "daemon/natsconn/natstest",
}

// stdlibFree may not import even the standard library: generated code is rtlib calls and nothing else.
const stdlibFree = "gen"

type pkg struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// within reports whether path is covered by one of the patterns.
func within(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		root, tree := strings.CutSuffix(p, "/...")
		return p == "*" || path == root || tree && strings.HasPrefix(path, root+"/")
	})
}

// rule returns the most specific entry of the map for a package.
func rule(path string) (imports []string, ok bool) {
	if may, ok := allowed[path]; ok {
		return may, true
	}
	best := -1
	for p, may := range allowed {
		if within(path, []string{p}) && len(p) > best {
			best, imports, ok = len(p), may, true
		}
	}
	return imports, ok
}

func ours(path string) (rel string, ok bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func TestNothingImportsAgainstTheArrows(t *testing.T) {
	t.Parallel()
	pkgs := packages(t)
	if len(pkgs) < 20 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		from, _ := ours(p.ImportPath)
		may, ok := rule(from)
		if !ok {
			t.Errorf("package %q is not on the map", from)
			continue
		}
		for _, imp := range p.Imports {
			if to, ok := ours(imp); ok && !within(to, may) {
				t.Errorf("%s imports %s, which the map does not allow", from, to)
			}
		}
	}
	t.Logf("%d packages checked", len(pkgs))
}

// TestBinariesHoldNothingThatIsForTests names packages whose name ends in "test": they may be imported by test files and each other alone.
func TestBinariesHoldNothingThatIsForTests(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			if _, ok := ours(imp); ok && strings.HasSuffix(imp, "test") && !strings.HasSuffix(p.ImportPath, "test") {
				t.Errorf("%s imports %s outside its tests", p.ImportPath, imp)
			}
		}
	}
}

func TestThirdPartyModulesHaveOneImporterEach(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, _ := ours(p.ImportPath)
		for _, imp := range p.Imports {
			for mod, owner := range oneImporter {
				if (imp == mod || strings.HasPrefix(imp, mod+"/")) && from != owner {
					t.Errorf("%s imports %s; only %s may", from, imp, owner)
				}
			}
		}
	}
}

func TestGeneratedCodeImportsTheRuntimeOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, _ := ours(p.ImportPath)
		if !within(from, []string{stdlibFree + "/...", "codegen/conformance/vectorsgen/..."}) {
			continue
		}
		for _, imp := range p.Imports {
			if _, ok := ours(imp); !ok {
				t.Errorf("%s imports %s", from, imp)
			}
		}
	}
}

func TestTheInterpreterKnowsNoOperators(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if from, _ := ours(p.ImportPath); from != "compiler/interp" {
			continue
		}
		for _, imp := range p.Imports {
			if _, ok := ours(imp); !ok {
				t.Errorf("compiler/interp imports %s; what operators mean is decided in rtlib", imp)
			}
		}
	}
}

// TestTheTagLiteLeavesOut says what a detector for standard input and files does not carry.
func TestTheTagLiteLeavesOut(t *testing.T) {
	t.Parallel()
	heavy := []string{"modernc.org/", "google.golang.org/grpc", "go.opentelemetry.io/", "github.com/nats-io/", module + "/daemon/natsconn", module + "/daemon/store/sqlite"}
	deps := func(args ...string) (all, found []string) {
		out, err := exec.Command("go", append([]string{"list", "-deps"}, args...)...).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = strings.Fields(string(out))
		for _, h := range heavy {
			if slices.ContainsFunc(all, func(p string) bool { return strings.HasPrefix(p, h) }) {
				found = append(found, h)
			}
		}
		return all, found
	}
	full, found := deps("./cmd/rsigmad")
	if len(found) != len(heavy) {
		t.Errorf("the whole program has only %q of %q: the test looks for the wrong names", found, heavy)
	}
	lite, found := deps("-tags", "lite", "./cmd/rsigmad")
	if len(found) > 0 || len(lite) < 100 {
		t.Errorf("with the tag lite %q are still there, among %d packages", found, len(lite))
	}
	t.Logf("%d packages, with the tag lite %d", len(full), len(lite))
}

// TestTheDaemonLooksForGoroutinesThatAreLeft wants each package of the daemon that has tests to look for goroutines behind them
// (reliability.md section 8.2, R1).
func TestTheDaemonLooksForGoroutinesThatAreLeft(t *testing.T) {
	t.Parallel()
	looking := 0
	for _, p := range packages(t) {
		from, _ := ours(p.ImportPath)
		tests := append(p.TestImports, p.XTestImports...)
		switch {
		case from != "daemon" && !strings.HasPrefix(from, "daemon/") || len(tests) == 0:
		case slices.Contains(tests, "go.uber.org/goleak"):
			looking++
		default:
			t.Errorf("no test of %s looks for goroutines that are left: it needs a TestMain with goleak", from)
		}
	}
	if looking < 25 {
		t.Errorf("only %d packages look", looking)
	}
}
