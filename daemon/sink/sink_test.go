package sink

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSinksAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Spec{
		"stdout":                        {Scheme: "stdout", Text: "stdout"},
		"stdout://":                     {Scheme: "stdout", Text: "stdout://"},
		"file:///a b.ndjson":            {Scheme: "file", Target: "/a b.ndjson", Text: "file:///a b.ndjson"},
		"file://rel?on_full=drop":       {Scheme: "file", Target: "rel", Text: "file://rel", Query: "on_full=drop", DropWhenFull: true},
		"unix:///s?format=ndjson":       {Scheme: "unix", Target: "/s", Text: "unix:///s", Query: "format=ndjson"},
		"stdout?on_full=block":          {Scheme: "stdout", Text: "stdout", Query: "on_full=block"},
		"stdout?on_full=maybe":          {Scheme: "stdout", Text: "stdout", Query: "on_full=maybe", Warning: "on_full=maybe is neither block nor drop: block it is"},
		"otlps://c:1?ca=x&on_full=drop": {Scheme: "otlps", Target: "c:1", Text: "otlps://c:1", Query: "ca=x&on_full=drop", DropWhenFull: true},
	} {
		got, err := Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"":                                 "want stdout",
		"/tmp/x":                           "want stdout",
		"file://":                          "want file://PATH",
		"kafka://x/y":                      "want stdout",
		"otlp://":                          "want otlp://HOST:PORT",
		"otlphttps://x?format=ndjson":      "has its own",
		"stdout?format=ocsf":               "ndjson only",
		"stdout?x=y":                       "unknown parameter x",
		"stdout?on_full=drop&on_full=drop": "given twice",
		"stdout?%zz":                       "%zz",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseDeadLetters("stdout?on_full=drop"); err == nil {
		t.Error("dead letters may be dropped")
	}
}

func TestLabelsTellSinksOfAKindApart(t *testing.T) {
	t.Parallel()
	got := Labels([]Spec{{Scheme: "file"}, {Scheme: "stdout"}, {Scheme: "file"}, {Scheme: "file"}})
	if diff := cmp.Diff([]string{"file", "stdout", "file#2", "file#3"}, got); diff != "" {
		t.Error(diff)
	}
}
