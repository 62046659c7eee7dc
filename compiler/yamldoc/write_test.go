package yamldoc

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// readBack writes n and parses the result.
func readBack(t interface{ Fatalf(string, ...any) }, n *Node) (string, *Node) {
	text, err := Write(n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var log diag.List
	docs := Parse("w.yml", text, &log)
	if len(docs) != 1 || log.Len() > 0 {
		t.Fatalf("%d documents, %v in\n%s", len(docs), log.All(), text)
	}
	return string(text), docs[0].Root
}

// sameTree compares values and leaves out how and where they were written.
var sameTree = cmp.Options{
	cmpopts.IgnoreFields(Node{}, "Pos", "Block", "Comment"),
	cmpopts.IgnoreFields(Pair{}, "KeyPos"),
	cmpopts.EquateEmpty(),
	cmp.FilterPath(func(p cmp.Path) bool { // the text of what is no string is its spelling
		return p.Last().String() == ".Text"
	}, cmp.Ignore()),
}

func texts(n *Node, out []string) []string {
	if n.Kind == KindString {
		out = append(out, n.Text)
	}
	for _, p := range n.Pairs {
		out = texts(p.Value, append(out, p.Key))
	}
	for _, item := range n.Items {
		out = texts(item, out)
	}
	return out
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	odd := []string{"null", "~", "true", "yes", "on", "007", "1_000", "1:30", "2024-01-02", "0x1F", "1e3", ".inf", "", " ", "- a", "a: b", "#",
		"a #b", "a\nb", "a\nb\n", "\na", "a\n ", "a\r\nb", "\x00", "\u2028", "\ufeff", "\ufffd", `C:\x\*`, "'", `"`, "%x%", "*a", "&a", "<<", "!x", "|",
		"[a]", "{a}", "é", "\U0001F600", "a\n\n  b\n", "x" + strings.Repeat(" word", 60)}
	var node func(depth int) *rapid.Generator[*Node]
	text := rapid.OneOf(rapid.SampledFrom(odd), rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, 0xfffe) }))
	node = func(depth int) *rapid.Generator[*Node] {
		return rapid.Custom(func(t *rapid.T) *Node {
			kinds := []Kind{KindNull, KindBool, KindInt, KindFloat, KindString, KindMapping, KindSequence}
			if depth == 0 {
				kinds = kinds[:5]
			}
			n := &Node{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Comment: rapid.SampledFrom([]string{"", "", "why\n# \r\u2028 x: y"}).Draw(t, "comment")}
			switch n.Kind {
			case KindBool:
				n.Bool = rapid.Bool().Draw(t, "bool")
			case KindInt:
				n.Int = rapid.Int64().Draw(t, "int")
				n.Float = float64(n.Int)
			case KindFloat:
				n.Float = rapid.Float64().Draw(t, "float")
			case KindString:
				n.Text = text.Draw(t, "text")
			case KindMapping:
				for _, key := range rapid.SliceOfNDistinct(text, 0, 4, rapid.ID[string]).Draw(t, "keys") {
					n.Pairs = append(n.Pairs, Pair{Key: key, Value: node(depth-1).Draw(t, "value")})
				}
			case KindSequence:
				n.Items = rapid.SliceOfN(node(depth-1), 0, 4).Draw(t, "items")
			}
			return n
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		want := &Node{Kind: KindMapping, Pairs: []Pair{{Key: "root", Value: node(3).Draw(t, "tree")}}}
		out, got := readBack(t, want)
		if diff := cmp.Diff(want, got, sameTree); diff != "" {
			t.Fatalf("%s\n%s", out, diff)
		}
		if diff := cmp.Diff(texts(want, nil), texts(got, nil)); diff != "" {
			t.Fatalf("%s\n%s", out, diff)
		}
	})
}

func TestDoublesStayDoubles(t *testing.T) {
	t.Parallel()
	for _, f := range []float64{0, 1, -1, 1e300, 5e-324, 0.1, 1 << 53, math.MaxFloat64, math.Inf(1), math.Inf(-1)} {
		out, got := readBack(t, &Node{Kind: KindSequence, Items: []*Node{{Kind: KindFloat, Float: f}}})
		if n := got.Items[0]; n.Kind != KindFloat || n.Float != f {
			t.Errorf("%g was written as %s", f, out)
		}
	}
}

func TestPlainWordsStayPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"A Title (with) this - and that": "a: A Title (with) this - and that\n",
		"yes":                            "a: 'yes'\n",
		"C:\\*":                          "a: 'C:\\*'\n",
		"two\nlines\n":                   "a: |\n    two\n    lines\n",
	} {
		out, _ := readBack(t, &Node{Kind: KindMapping, Pairs: []Pair{{Key: "a", Value: &Node{Kind: KindString, Text: text}}}})
		if out != want {
			t.Errorf("got %q, want %q", out, want)
		}
	}
}
