package yamldoc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// parse runs Parse and checks what holds for every input: errors and failed documents belong together, and positions name
// file and document.
func parse(t *testing.T, src string) ([]*Document, []diag.Diagnostic) {
	t.Helper()
	var log diag.List
	docs := Parse("f.yml", []byte(src), &log)
	errors := make([]int, len(docs))
	for _, d := range log.All() {
		if d.Pos.File != "f.yml" || d.Severity != diag.SeverityError || d.Pos.Doc >= len(docs) {
			t.Fatalf("%.100q: bad report %s for document %d of %d", src, d, d.Pos.Doc, len(docs))
		}
		errors[d.Pos.Doc]++
	}
	for i, d := range docs {
		if d.Index != i || d.File != "f.yml" || d.Failed != (errors[i] > 0) || d.Failed && d.Root != nil {
			t.Fatalf("%.100q: document %d is %+v with %d errors", src, i, d, errors[i])
		}
	}
	return docs, log.All()
}

// parseOne returns the root of the only document of src, which must have no faults.
func parseOne(t *testing.T, src string) *Node {
	t.Helper()
	docs, log := parse(t, src)
	if len(log) > 0 || len(docs) != 1 {
		t.Fatalf("%.100q: %d documents, reports %v", src, len(docs), log)
	}
	return docs[0].Root
}

// render returns n as compact text, strings in quotes.
func render(n *Node) string {
	switch {
	case n == nil:
		return "-"
	case n.Kind == KindString:
		return fmt.Sprintf("%q", n.Text)
	case n.IsScalar():
		return n.Kind.String() + ":" + n.Text
	}
	var parts []string
	for _, item := range n.Items {
		parts = append(parts, render(item))
	}
	for _, p := range n.Pairs {
		parts = append(parts, p.Key+"="+render(p.Value))
	}
	if n.Kind == KindMapping {
		return "{" + strings.Join(parts, " ") + "}"
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func renderAll(docs []*Document) string {
	parts := make([]string, len(docs))
	for i, d := range docs {
		parts[i] = render(d.Root)
		if d.Failed {
			parts[i] = "failed"
		}
	}
	return strings.Join(parts, " / ")
}

func TestFilesAreReadIntoDocuments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, want string }{
		{"", ""},
		{"# nothing\n", ""},
		{"a: 1\n", "{a=integer:1}"},
		{"---\na: 1\n---\nb: x\n", `{a=integer:1} / {b="x"}`},
		{"---\n---\na: b\n--- ~\n", `- / {a="b"} / -`},
		{"--- text\n...\n--- [a, {b: c}]\n", `"text" / ["a" {b="c"}]`},
		{"\ufeffa: b\n", `{a="b"}`},
		{"a:\r\n  - b\r\n  - |\r\n    c\r\n    d\r\n---\r\ne: f\r\n", `{a=["b" "c\nd\n"]} / {e="f"}`},
		{"a: &x [1]\nb: *x\n", "{a=[integer:1] b=[integer:1]}"},
		{"&k a: b\nc: *k\n", `{a="b" c="a"}`},
		{"a: &k b\n*k : c\n", `{a="b" b="c"}`},
		{"a: &x {b: c}\nd:\n  <<: *x\n  e: f\n", `{a={b="c"} d={<<={b="c"} e="f"}}`},
		{"<<: 1\n", "{<<=integer:1}"},
		{"4688: a\n0x10: b\ntrue: c\n1.50: d\n'~': e\n\"\": f\n", `{4688="a" 0x10="b" true="c" 1.50="d" ~="e" ="f"}`},
		{"a: !!map {b: c}\nd: !custom [e]\n", `{a={b="c"} d=["e"]}`},
		{"a: >\n  b\n  c\n", `{a="b c\n"}`},
		{"? a\n: b\n", `{a="b"}`},
	} {
		docs, log := parse(t, c.src)
		if got := renderAll(docs); got != c.want || len(log) > 0 {
			t.Errorf("%q\ngot  %s\nwant %s\n%v", c.src, got, c.want, log)
		}
	}
}

func TestFaultsAreReportedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, docs, report string }{
		{"a: 1\nb: 2\na: 3\n", "failed", `3:1: error: duplicate key "a", first at line 1, column 1 [duplicate-key]`},
		{"s: {1: a, \"1\": b}\n", "failed", `1:11: error: duplicate key "1", first at line 1, column 5 [duplicate-key]`},
		{"é: {ü: 1, ü: 2}\n", "failed", `1:11: error: duplicate key "ü", first at line 1, column 5 [duplicate-key]`},
		{"<<: 1\n<<: 2\n", "failed", `2:1: error: duplicate key "<<", first at line 1, column 1 [duplicate-key]`},
		{"a: {b: 1, b: 1}\n---\nc: d\n", `failed / {c="d"}`, `1:11: error: duplicate key "b", first at line 1, column 5 [duplicate-key]`},
		{"~: a\n", "failed", "1:1: error: unsupported key: a null cannot be the key of a mapping [unsupported-key]"},
		{"a: 1\n? [b]\n: c\n", "failed", "2:3: error: unsupported key: a list cannot be the key of a mapping [unsupported-key]"},
		{"{{a: b}: c}\n", "failed", "1:2: error: unsupported key: a mapping cannot be the key of a mapping [unsupported-key]"},
		{"a: &a\n  b: *a\n", "failed", "2:6: error: alias cycle: *a stands inside the value that it refers to [alias-cycle]"},
		{"a: &a 1\n---\nb: *a\n", "{a=integer:1} / failed", `3:4: error: invalid yaml: the anchor "a" belongs to another document [invalid-yaml]`},
		{"a: !!int x\n", "failed", `1:4: error: invalid yaml: the text "x" does not fit its tag !!int [invalid-yaml]`},
		{"a: 1\n---\nb: [c\n---\nd: 1\n", "{a=integer:1} / failed", "4:1: error: invalid yaml: did not find expected ',' or ']' [invalid-yaml]" +
			" while parsing a flow sequence that begins at line 3, column 4"},
		{"title: x\ns:\n  a: 'b\n", "failed", "3:6: error: invalid yaml: found unexpected end of stream [invalid-yaml]" +
			" while scanning a quoted scalar that goes on to the end of the file"},
		{"a: b: c\n", "failed", `1:5: error: invalid yaml: mapping values are not allowed in this context ` +
			`(put a value that holds ": " in quotes, and check the indentation) [invalid-yaml]`},
		{"a: b\nc: *d\n", "failed", `2:4: error: invalid yaml: unknown anchor 'd' referenced ` +
			`(put a value that begins with "*" or "&" in quotes) [invalid-yaml]`},
		{"a: b\nc: *.exe\n", "failed", `2:5: error: invalid yaml: did not find expected alphabetic or numeric character ` +
			`(put a value that begins with "*" or "&" in quotes) [invalid-yaml] while scanning an alias that begins at line 2, column 4`},
		{"a: %b\n", "failed", "1:4: error: invalid yaml: found character that cannot start any token " +
			"(put a value that begins with a special character in quotes) [invalid-yaml]"},
		{"a:\n\tb: c\n", "failed", "2:1: error: invalid yaml: found character that cannot start any token " +
			"(indent with spaces; YAML does not allow tabs there) [invalid-yaml]"},
		{"a:\n  b: c\n  \td: e\n", "failed", "3:3: error: invalid yaml: found a tab character that violates indentation " +
			"(indent with spaces; YAML does not allow tabs there) [invalid-yaml] while scanning a plain scalar that begins at line 2, column 6"},
		{"a: é\n---\nb: é\x01\n", `{a="é"} / failed`, "3:5: error: invalid yaml: the character U+0001 is not allowed in YAML [invalid-yaml]"},
		{"a: 1\r\n---\r\nb: \xe9\n", "{a=integer:1} / failed", "3:4: error: invalid yaml: invalid UTF-8: the byte 0xe9 at offset 14 " +
			"(save the file as UTF-8) [invalid-utf-8]"},
		{"\xff\xfea\x00", "failed", "1:1: error: invalid yaml: invalid UTF-8: the byte 0xff at offset 0 " +
			"(the file is UTF-16; save it as UTF-8) [invalid-utf-8]"},
	} {
		docs, log := parse(t, c.src)
		if len(log) != 1 {
			t.Errorf("%q: reports %v", c.src, log)
			continue
		}
		got := strings.TrimSpace(strings.TrimPrefix(log[0].String(), "f.yml:") + " " + strings.Join(log[0].Notes, " "))
		if got != c.report {
			t.Errorf("%q\ngot  %s\nwant %s", c.src, got, c.report)
		}
		if got := renderAll(docs); got != c.docs {
			t.Errorf("%q: documents %s, want %s", c.src, got, c.docs)
		}
	}
}

func TestAllFaultsOfADocumentAreReportedUpToALimit(t *testing.T) {
	t.Parallel()
	_, log := parse(t, "a: {b: 1, b: 2}\na: 3\n~: 4\n")
	if len(log) != 3 {
		t.Errorf("reports %v", log)
	}
	_, log = parse(t, strings.Repeat("a: 1\n", 1000))
	if len(log) != maxFaults {
		t.Errorf("%d reports", len(log))
	}
}

func TestPositionsCountLinesAndCharactersFromOne(t *testing.T) {
	t.Parallel()
	docs, _ := parse(t, "---\n---\nü: ö\n  # comment\nlist:\n  - a\n  - 'é': |\n      text\n")
	root := docs[1].Root
	item := root.Pairs[1].Value.Items[1]
	for _, c := range []struct {
		what string
		got  diag.Pos
		want string
	}{
		{"root", root.Pos, "f.yml:3:1"},
		{"first key", root.Pairs[0].KeyPos, "f.yml:3:1"},
		{"first value", root.Pairs[0].Value.Pos, "f.yml:3:4"},
		{"list", root.Pairs[1].Value.Pos, "f.yml:6:3"},
		{"mapping in the list", item.Pos, "f.yml:7:5"},
		{"block scalar", item.Pairs[0].Value.Pos, "f.yml:7:10"},
	} {
		if c.got.String() != c.want || c.got.Doc != 1 {
			t.Errorf("%s: got %s in document %d, want %s", c.what, c.got, c.got.Doc, c.want)
		}
	}
	if v := item.Pairs[0].Value; !v.Block || root.Pairs[0].Value.Block {
		t.Error("block scalars are not marked")
	}
}

func TestAliasesShareTheirNode(t *testing.T) {
	t.Parallel()
	root := parseOne(t, "a: &x {b: 1}\nc: *x\nd: [*x]\n")
	if x := root.Get("a"); x != root.Get("c") || x != root.Get("d").Items[0] || x.Get("b").Int != 1 {
		t.Error("not shared")
	}
}

func TestGetFindsNothingWhereThereIsNothing(t *testing.T) {
	t.Parallel()
	root := parseOne(t, "a: [b]\n")
	if root.Get("x") != nil || root.Get("a").Get("b") != nil || root.Get("x").Get("y") != nil {
		t.Error("found something")
	}
}
