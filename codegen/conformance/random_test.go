package conformance

import (
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// The words that random rules and events are made of: few and alike, so that they meet.
var (
	fieldNames = []string{"A", "B", "c.d", "c", "L", "é"}
	words      = []string{"a", "A", "ab", "abc", "b.a", `a\b`, "ä", "Ä", "ſ", "s", "K", "10", "-x", "10.0.0.7", "", " "}
	patterns   = append([]string{"*", "a*", "*b", "*a*", "?b", "a?c", `a\*`, `a\\b`, `*\a`, "*K*"}, words...)
	items      = []struct{ modifiers, kind string }{
		{"", "any"}, {"", "any"}, {"cased", "text"}, {"contains", "text"}, {"startswith", "text"}, {"endswith", "text"},
		{"contains|cased", "text"}, {"contains|all", "texts"}, {"endswith|cased", "text"}, {"windash|contains", "text"},
		{"re", "regex"}, {"re|i", "regex"}, {"cidr", "network"}, {"gt", "number"}, {"lte", "number"}, {"exists", "bool"},
		{"neq", "text"}, {"fieldref", "field"}, {"base64offset|contains", "long"}, {"wide|base64offset|contains", "long"},
	}
	regexes    = []string{"a", "^a", "b$", "a.c", "[[:digit:]]+", "^$", "(?i)AB", "k"}
	networks   = []string{"10.0.0.0/8", "10.0.0.0/29", "::/0"}
	numbers    = []string{"0", "10", "-1", "1.5", "10.0", "9007199254740993"}
	conditions = []string{
		"s0", "not s0", "s0 and s1", "s0 or s1 and not s2", "1 of s*", "all of s*", "2 of s*", "1 of them", "all of them",
		"s0 and not 1 of s*", "(s0 or s1) and (s1 or s2)", "not (s0 and s1 and s2)", "s0 or s0",
	}
)

// quoted returns a generator of the words as YAML and JSON strings: both take a double-quoted scalar in printable ASCII with
// \u escapes.
func quoted(list []string) *rapid.Generator[string] {
	return rapid.Map(rapid.SampledFrom(list), func(s string) string {
		return strings.ReplaceAll(quoteYAML(s), `\x`, `\u00`)
	})
}

func drawValue(t *rapid.T, kind string) string {
	switch kind {
	case "regex":
		return quoted(regexes).Draw(t, "regex")
	case "network":
		return quoted(networks).Draw(t, "network")
	case "number":
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case "bool":
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")
	case "field":
		return quoted(fieldNames).Draw(t, "field")
	case "long":
		return quoted([]string{"abcd", "A-secret", "word word"}).Draw(t, "long")
	case "texts":
		return "[" + quoted(patterns).Draw(t, "text") + ", " + quoted(patterns).Draw(t, "text") + "]"
	case "any":
		return rapid.OneOf(quoted(patterns), rapid.SampledFrom(numbers),
			rapid.SampledFrom([]string{"null", "true", "false", "[]", `["a", "b*", 10]`, `[1, "*a"]`})).Draw(t, "value")
	default:
		return quoted(patterns).Draw(t, "text")
	}
}

// drawSelection returns a mapping, a list of mappings or a list of keywords.
func drawSelection(t *rapid.T) string {
	switch rapid.IntRange(0, 9).Draw(t, "shape") {
	case 0:
		return "[" + quoted(patterns).Draw(t, "keyword") + ", " + quoted(words).Draw(t, "keyword") + "]"
	case 1, 2:
		return "[" + drawMapping(t) + ", " + drawMapping(t) + "]"
	default:
		return drawMapping(t)
	}
}

func drawMapping(t *rapid.T) string {
	keys := map[string]bool{}
	var pairs []string
	for range rapid.IntRange(1, 3).Draw(t, "items") {
		item := rapid.SampledFrom(items).Draw(t, "item")
		key := rapid.SampledFrom(fieldNames).Draw(t, "name")
		if item.modifiers != "" {
			key += "|" + item.modifiers
		}
		if !keys[key] {
			keys[key] = true
			pairs = append(pairs, quoteYAML(key)+": "+drawValue(t, item.kind))
		}
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func drawRule(t *rapid.T, title string) string {
	var b strings.Builder
	b.WriteString("title: " + title + "\nlogsource: {category: t")
	if rapid.Bool().Draw(t, "product set") {
		b.WriteString(", product: " + rapid.SampledFrom([]string{"windows", "Linux"}).Draw(t, "product"))
	}
	b.WriteString("}\ndetection:\n")
	for _, name := range []string{"s0", "s1", "s2"} {
		b.WriteString("  " + name + ": " + drawSelection(t) + "\n")
	}
	b.WriteString("  condition: " + rapid.SampledFrom(conditions).Draw(t, "condition") + "\n")
	return b.String()
}

func drawJSON(t *rapid.T, depth int) string {
	top := 5
	if depth == 0 {
		top = 3
	}
	switch rapid.IntRange(0, top).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false", "-0.0", "1e1", "10.0"}).Draw(t, "literal")
	case 1:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case 4:
		return "[" + drawJSON(t, depth-1) + ", " + drawJSON(t, depth-1) + "]"
	case 5:
		return drawObject(t, depth-1)
	default:
		return quoted(words).Draw(t, "word")
	}
}

func drawObject(t *rapid.T, depth int) string {
	var pairs []string
	for _, name := range append([]string{"d"}, fieldNames...) {
		if rapid.IntRange(0, 2).Draw(t, "present") > 0 {
			pairs = append(pairs, quotedJSON(name)+": "+drawJSON(t, depth))
		}
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

func quotedJSON(s string) string { return strings.ReplaceAll(quoteYAML(s), `\x`, `\u00`) }

// TestEnginesAgreeOnRandomRulesAndEvents compares the interpreter, the interpreter without optimisation and the full scan.
func TestEnginesAgreeOnRandomRulesAndEvents(t *testing.T) {
	t.Parallel()
	var rules, armed, events, matches int
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		n := rapid.IntRange(1, 8).Draw(t, "rules")
		for range n {
			text.WriteString("---\n" + drawRule(t, "r"))
		}
		rules += n
		src := []compiler.Source{{Name: "random.yml", Data: []byte(text.String())}}
		sessions, prog := openAll(t, src)
		armed += len(prog.Rules)
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			events++
			job := &driver.Job{Event: drawObject(t, 2), Routing: rapid.Bool().Draw(t, "routing")}
			job.LogSource.Product = rapid.SampledFrom([]string{"", "WINDOWS", "linux"}).Draw(t, "product")
			matches += agree(t, sessions, job)
		}
	})
	t.Logf("%d rules, %d armed; %d events, %d matches", rules, armed, events, matches)
	if armed*2 < rules || matches*20 < events || events < 100 {
		t.Error("the random rules hardly run")
	}
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// openAll opens the engines of this process over the rules of src. The program is the optimised one.
func openAll(t fataler, src []compiler.Source) ([]Session, *ir.Program) {
	t.Helper()
	optimised, _ := compiler.Compile(src, compiler.Options{})
	plain, _ := compiler.Compile(src, compiler.Options{NoOptimize: true})
	if a, b := optimised.Digest(), plain.Digest(); a != b {
		t.Fatalf("optimisation changed the digest from %s to %s", b, a)
	}
	var sessions []Session
	for _, e := range []Engine{NewInterpreted(), NewFullScan(), NewUnoptimised()} {
		prog := optimised
		if e.NoOptimize() {
			prog = plain
		}
		for _, r := range prog.Rules {
			if err := r.Validate(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := e.Open(context.Background(), []*ir.Program{prog})
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	return sessions, optimised
}

// agree fails unless all sessions give the same answer to job, and returns the number of its matches.
func agree(t fataler, sessions []Session, job *driver.Job) int {
	t.Helper()
	return len(agreeOn(t, sessions, job).Matches)
}

// agreeOn fails unless all sessions give the same answer to job, and returns it.
func agreeOn(t fataler, sessions []Session, job *driver.Job) driver.Result {
	t.Helper()
	var first driver.Result
	var want string
	for i, s := range sessions {
		res, err := s.Eval(job)
		if err != nil {
			t.Fatal(err)
		}
		got := encode(res)
		if i == 0 {
			first, want = res, got
		}
		if got != want {
			t.Fatalf("engine %d disagrees on %s:\n%s\nwant\n%s", i, job.Event, got, want)
		}
	}
	return first
}
