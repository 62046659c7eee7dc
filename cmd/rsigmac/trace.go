package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

type traceCmd struct {
	What     string   `arg:"" help:"Digest, rule id, generated function, file or source of a rule. - reads a text, such as a stack trace or a detection, from standard input."`
	Rules    []string `sep:"none" short:"r" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline, as the rules were compiled with. Repeatable."`
	Manifest string   `placeholder:"FILE" help:"manifest.json of the generated code, instead of --rules or beside it."`
	Format   string   `enum:"text,json" default:"text" help:"Output: text or json."`
}

// Help is shown below the flags.
func (traceCmd) Help() string {
	return `Leads from what a detection or a crash names back to file, line and rule. With --manifest alone no rule is read. With --rules the line is that
of today's file; with both, a rule that has changed since the code was generated is marked. The exit status is 1 if nothing is found.

Examples:
  rsigmac trace d1581e5f80cbd29a --manifest gen/manifest.json
  rsigmac trace net_user_add__selection_tool -r rules
  rsigmac trace - -r rules < crash.txt`
}

// traced is a document that was found.
type traced struct {
	What     string `json:"what"` // the words that named it
	File     string `json:"file"`
	Line     int    `json:"line"`
	Document int    `json:"document"`
	Kind     string `json:"kind"`
	Title    string `json:"title"`
	ID       string `json:"id,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Code     string `json:"code,omitempty"` // function or variable
	Status   string `json:"status"`
	Note     string `json:"note,omitempty"`
}

// Run implements the command.
func (c *traceCmd) Run(s streams) error {
	docs, err := c.documents(s)
	if err != nil {
		return err
	}
	t := newTracer(docs)
	if c.What == "-" {
		err = t.read(s.in)
	} else {
		t.words(c.What, true)
	}
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = writeJSON(s.out, append([]traced{}, t.found...))
	} else {
		err = t.write(s)
	}
	if err == nil && len(t.found) == 0 {
		what := fmt.Sprintf("%q", c.What)
		if c.What == "-" {
			what = "what was read"
		}
		return statusError{exitFinding, fmt.Errorf("no rule is behind %s", what)}
	}
	return err
}

// traceDoc is a document with what is to be said about it.
type traceDoc struct {
	codegen.ManifestDocument
	note string
}

// documents gathers what is known: the manifest first, then the rules that differ from it.
func (c *traceCmd) documents(s streams) ([]traceDoc, error) {
	var out []traceDoc
	if c.Manifest != "" {
		text, err := os.ReadFile(c.Manifest)
		if err != nil {
			return nil, err
		}
		m, err := codegen.ReadManifest(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Manifest, err)
		}
		for _, d := range m.Documents {
			out = append(out, traceDoc{ManifestDocument: d})
		}
	}
	if len(c.Rules) == 0 {
		if c.Manifest == "" {
			return nil, errors.New("missing flags: --rules=PATH or --manifest=FILE")
		}
		return out, nil
	}
	flags := ruleFlags{Rules: c.Rules, Pipeline: c.Pipeline, PlaceholderFallback: "strict"}
	flags.EgressPolicy = "default"
	prog, log, err := flags.compile()
	if err != nil {
		return nil, err
	}
	diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	return merge(out, codegen.NewManifest(prog, codegen.Options{Roots: c.Rules}).Documents), nil
}

// merge adds the documents of today to those of a manifest.
func merge(old []traceDoc, today []codegen.ManifestDocument) []traceDoc {
	type place struct {
		file     string
		document int
	}
	byPlace := map[place]int{}
	for i, d := range old {
		byPlace[place{d.File, d.Document}] = i
		old[i].note = "the rules do not have it any more"
	}
	for _, d := range today {
		i, known := byPlace[place{d.File, d.Document}]
		switch {
		case !known:
			old = append(old, traceDoc{ManifestDocument: d})
		case old[i].Digest == d.Digest:
			function, variable := old[i].Function, old[i].Variable
			old[i] = traceDoc{ManifestDocument: d}
			old[i].Function, old[i].Variable = function, variable
		default:
			old[i].note = "the rule has changed since; its digest is " + d.Digest + " now"
			old = append(old, traceDoc{d, "the generated code is older; its digest is " + old[i].Digest})
		}
	}
	return old
}

// tracer looks words up.
type tracer struct {
	docs     []traceDoc
	byDigest map[string][]int
	byID     map[string][]int
	byName   map[string][]int // function or variable, without its package
	byFile   map[string][]int // base name of the generated file
	bySource map[string][]int // file, or file#n
	found    []traced
	seen     map[int]bool
}

func newTracer(docs []traceDoc) *tracer {
	t := &tracer{docs: docs, byDigest: map[string][]int{}, byID: map[string][]int{}, byName: map[string][]int{}, byFile: map[string][]int{}, bySource: map[string][]int{}, seen: map[int]bool{}}
	for i, d := range docs {
		source := d.File
		if d.Document > 1 {
			source = fmt.Sprintf("%s#%d", d.File, d.Document)
		}
		t.bySource[source] = append(t.bySource[source], i)
		if d.Digest != "" {
			t.byDigest[d.Digest] = append(t.byDigest[d.Digest], i)
		}
		if d.ID != "" {
			t.byID[strings.ToLower(d.ID)] = append(t.byID[strings.ToLower(d.ID)], i)
		}
		if _, name := splitCode(d.code()); name != "" {
			t.byName[name] = append(t.byName[name], i)
			file, _, _ := strings.Cut(name, "__")
			t.byFile[file+"_gen.go"] = append(t.byFile[file+"_gen.go"], i)
		}
	}
	return t
}

// code returns the function or variable of d.
func (d traceDoc) code() string { return d.Function + d.Variable }

// splitCode splits "path/of/package.name".
func splitCode(code string) (pkg, name string) {
	i := strings.LastIndexByte(code, '/')
	p, n, ok := strings.Cut(code[i+1:], ".")
	if !ok {
		return "", code
	}
	return code[:i+1] + p, n
}

// token matches what may name a rule: digests, ids, functions with their package, generated files.
var token = regexp.MustCompile(`[\w%~-]+(?:[./#][\w%~-]+)*`)

// read looks up every word of a text.
func (t *tracer) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		for _, word := range token.FindAllString(lines.Text(), -1) {
			t.words(word, false)
		}
	}
	return lines.Err()
}

// words looks word up. Alone, it may be a function without its package; in a text only what is certain counts.
func (t *tracer) words(word string, alone bool) {
	for _, i := range t.byDigest[strings.ToLower(word)] {
		t.add(i, word)
	}
	for _, i := range t.byID[strings.ToLower(word)] {
		t.add(i, word)
	}
	for _, i := range t.bySource[word] {
		t.add(i, word)
	}
	if base := path.Base(word); strings.HasSuffix(base, "_gen.go") {
		for _, i := range t.byFile[base] {
			if pkg, _ := splitCode(t.docs[i].code()); sameTail(path.Dir(word), pkg) {
				t.add(i, word)
			}
		}
		return
	}
	pkg, name := splitCode(strings.TrimSuffix(word, "(...)"))
	if pkg == "" && !alone {
		return
	}
	name, _, _ = strings.Cut(name, ".") // closures and methods
	for n := name; n != ""; {
		for _, i := range t.byName[n] {
			if p, _ := splitCode(t.docs[i].code()); sameTail(pkg, p) {
				t.add(i, word)
			}
		}
		i := strings.LastIndex(n, "__")
		if i < 0 {
			break
		}
		n = n[:i]
	}
}

// sameTail reports whether the shorter of two package paths is the end of the other, or empty.
func sameTail(a, b string) bool {
	as, bs := strings.Split(strings.ReplaceAll(a, "%2e", "."), "/"), strings.Split(b, "/")
	if a == "" || a == "." {
		return true
	}
	last := 0
	for last < min(len(as), len(bs)) && as[len(as)-1-last] == bs[len(bs)-1-last] {
		last++
	}
	// Both may lie below different roots; the package itself must agree, and what is above it as far as "gen".
	return last == min(len(as), len(bs)) || last > 0 && as[len(as)-last] == "gen"
}

func (t *tracer) add(i int, word string) {
	if t.seen[i] {
		return
	}
	t.seen[i] = true
	d := t.docs[i]
	t.found = append(t.found, traced{
		What: word, File: d.File, Line: d.Line, Document: d.Document, Kind: d.Kind, Title: d.Title, ID: d.ID, Digest: d.Digest,
		Code: d.code(), Status: d.Status, Note: d.note,
	})
}

func (t *tracer) write(s streams) error {
	for _, f := range t.found {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		fmt.Fprintf(s.out, "%s: %s %q\n", diag.Printable(place), f.Kind, f.Title)
		for _, row := range [][2]string{{"named by", f.What}, {"id", f.ID}, {"digest", f.Digest}, {"code", f.Code}, {"note", f.Note}} {
			if row[1] != "" {
				fmt.Fprintf(s.out, "    %-9s %s\n", row[0], diag.Printable(row[1]))
			}
		}
		if f.Status != "armed" {
			fmt.Fprintf(s.out, "    %-9s %s\n", "status", f.Status)
		}
	}
	return nil
}
