package diag

import (
	"strings"
	"testing"
)

func TestSuggestFindsTheClosestWord(t *testing.T) {
	t.Parallel()
	known := []string{"contains", "startswith", "endswith", "re", "cidr", "all", "i", "base64", "base64offset", "größer"}
	for _, c := range []struct{ word, want string }{
		{"contians", "contains"},
		{"contain", "contains"},
		{"CONTAINS", "contains"},
		{"startwith", "startswith"},
		{"endsWiht", "endswith"},
		{"base64ofset", "base64offset"},
		{"cdir", "cidr"},
		{"al", "all"},
		{"rex", "re"},
		{"groeßer", "größer"},
		{"contains", ""}, // not a misspelling; nothing else is near
		{"x", ""},
		{"", ""},
		{"lowercase", ""},
		{strings.Repeat("contains", 20), ""},
	} {
		want := ""
		if c.want != "" {
			want = `did you mean "` + c.want + `"?`
		}
		if got := Suggest(c.word, known); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", c.word, got, want)
		}
	}
}

func TestSuggestPrefersTheFirstOfEquallyCloseWords(t *testing.T) {
	t.Parallel()
	if got := Suggest("selectoin", []string{"selection2", "selection", "selectionx"}); got != `did you mean "selection"?` {
		t.Error(got)
	}
	if got := Suggest("lta", []string{"lte", "lt"}); got != `did you mean "lte"?` {
		t.Error(got)
	}
}
