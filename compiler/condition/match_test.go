package condition

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestSelectorPatternsMatchWholeNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"sel", "sel", true},
		{"sel", "Sel", false},
		{"sel", "sel2", false},
		{"*", "sel", true},
		{"*", "", true},
		{"*", "_sel", false},
		{"**", "_sel", false},
		{"_*", "_sel", true},
		{"_*", "sel", false},
		{"_sel", "_sel", true},
		{"*sel", "_sel", false},
		{"sel_*", "sel_1", true},
		{"sel_*", "sel_", true},
		{"sel_*", "sel", false},
		{"*_x", "a_x", true},
		{"*_x", "a_xy", false},
		{"a*c", "ac", true},
		{"a*c", "abc", true},
		{"a*c", "abcd", false},
		{"aa*aa", "aaa", false},
		{"aa*aa", "aaaa", true},
		{"a*b*c", "a1b2c", true},
		{"a*b*c", "acb", false},
		{"a*b*b", "ab", false},
		{"*a*b*", "xbxaxb", true},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "abxa", false},
		{"", "", true},
		{"", "a", false},
	} {
		if got := MatchName(c.pattern, c.name); got != c.want {
			t.Errorf("MatchName(%q, %q) = %t", c.pattern, c.name, got)
		}
	}
}

func TestThemPicksAllNamesWithoutUnderscore(t *testing.T) {
	t.Parallel()
	them := &Selector{Them: true, Count: 1}
	if !them.Picks("a b|c") || them.Picks("_a") {
		t.Error("wrong names picked by them")
	}
	if s := (&Selector{Pattern: "_a*"}); !s.Picks("_ab") || s.Picks("ab") {
		t.Error("wrong names picked by a pattern")
	}
}

func TestManyWildcardsDoNotBlowUp(t *testing.T) {
	t.Parallel()
	start := time.Now()
	if MatchName(strings.Repeat("a*", 20000)+"b", strings.Repeat("a", 40000)) {
		t.Error("matched")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

// FuzzMatchName compares MatchName with the regular expression that says the same.
func FuzzMatchName(f *testing.F) {
	f.Add("a*b*c", "aXbYc")
	f.Add("_*", "_x")
	f.Add("*aa*a", "aaa")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 200 {
			return
		}
		parts := strings.Split(strings.ToValidUTF8(pattern, "?"), "*")
		for i, p := range parts {
			parts[i] = regexp.QuoteMeta(p)
		}
		pattern, name = strings.ToValidUTF8(pattern, "?"), strings.ToValidUTF8(name, "?")
		want := regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(name)
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") {
			want = false
		}
		if got := MatchName(pattern, name); got != want {
			t.Errorf("MatchName(%q, %q) = %t, want %t", pattern, name, got, want)
		}
	})
}
