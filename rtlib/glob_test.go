package rtlib

import (
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGlobs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		op            Op
		pattern, text string
		want          bool
	}{
		{GlobFold, `C:\\tools\\*.exe`, `c:\TOOLS\.EXE`, true},
		{GlobFold, `C:\\tools\\*.exe`, `C:\tools\a.exe.bak`, false},
		{GlobFold, `prog?.exe`, `progA.exe`, true},
		{GlobFold, `prog?.exe`, `prog12.exe`, false},
		{Glob, `a?c`, "a😀c", true},
		{Glob, `a?c`, "aéé", false},
		{Glob, `a?c`, "a\nc", true},
		{Glob, `Invoke*Mimikatz`, "Invoke-\nMimikatz", true},
		{Glob, `Invoke*Mimikatz`, "Invoke-\nMimikatz\n", false},
		{GlobFold, `*\\tmp?\\*.d??`, `\tmpX\.dat`, true},
		{GlobFold, `*\\tmp?\\*.d??`, `C:\tmp1\evil.dl`, false},
		{Glob, `a**b`, "ab", true},
		{Glob, `*`, "", true},
		{Glob, ``, "", true},
		{Glob, ``, "a", false},
		{Glob, `?`, "", false},
		{Glob, `?*`, "", false},
		{Glob, `aba*aba`, "ababa", false},
		{Glob, `ab*ba`, "aba", false},
		{Glob, `?*?`, "é", false},
		{Glob, `*\*?\?*`, "q*z?end", true},
		{Glob, `*\*?\?*`, "q*?end", false},
		{Glob, `a\`, `a\`, true},
		{Glob, `\a`, `a`, true},
		{Glob, `*a?b*c`, "xaaxbc", true},
		{GlobFold, `*K?S`, "\u212aaſ", true},
		{Glob, `*K?S`, "kaS", false},
		{GlobDashFold, `* -run *`, "x \u2013RUN y", true},
		{GlobDashFold, `* -run *`, "x +run y", false},
		{GlobDash, `*/K`, "x \u2015K", true},
		{GlobDash, `*/K`, "x -k", false},
		{GlobDashFold, `-a-b-c-d-e`, "/a-b—c―d–e", true},
		{GlobFold, `-a`, "/a", false},
	} {
		p := pred(row.op, row.pattern)
		if got := p.Match(textEvent(t, row.text, p)); got != row.want {
			t.Errorf("%s for %q: got %v", describe(p), row.text, got)
		}
		p = pred(row.op, append(filler(9), row.pattern)...)
		if got := p.Match(textEvent(t, row.text, p)); got != row.want {
			t.Errorf("%s in a set for %q: got %v", row.pattern, row.text, got)
		}
	}
}

// globRegexp is the meaning of a pattern as a regular expression.
func globRegexp(op Op, pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s`)
	if op.IsFold() {
		b.WriteString(`i`)
	}
	b.WriteString(`)\A`)
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '*':
			b.WriteString(`.*`)
			continue
		case r == '?':
			b.WriteString(`.`)
			continue
		case r == '\\' && i+1 < len(runes):
			i++
			r = runes[i]
		}
		if (op == GlobDash || op == GlobDashFold) && strings.ContainsRune("-/–—―", r) {
			b.WriteString(`[-/–—―]`)
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

var globOps = []Op{Glob, GlobFold, GlobDash, GlobDashFold}

func TestGlobsAgreeWithRegularExpressions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(3))
	hits := 0
	for range 500 {
		pattern := randomText(r, r.Intn(8))
		for range r.Intn(3) {
			at := r.Intn(len([]rune(pattern)) + 1)
			pattern = string([]rune(pattern)[:at]) + "*" + string([]rune(pattern)[at:])
		}
		for _, op := range globOps {
			p, re := pred(op, pattern), globRegexp(op, pattern)
			set := pred(op, append(filler(8), pattern)...)
			for range 5 {
				text := randomText(r, r.Intn(8))
				if r.Intn(2) == 0 {
					text = strings.NewReplacer("*", randomText(r, r.Intn(3)), "?", "é", `\`, "").Replace(pattern)
				}
				want := re.MatchString(text)
				if want {
					hits++
				}
				if got := p.Match(textEvent(t, text, p)); got != want {
					t.Fatalf("%s(%q) for %q: got %v", op, pattern, text, got)
				}
				if got := set.Match(textEvent(t, text, set)); got != want {
					t.Fatalf("%s(%q) in a set for %q: got %v", op, pattern, text, got)
				}
			}
		}
	}
	if hits < 200 {
		t.Errorf("only %d hits", hits)
	}
}

func FuzzGlobs(f *testing.F) {
	f.Add(`*a?-b*`, "xxaé/bK")
	f.Add(`\*\\?`, `*\a`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || len(pattern) > 500 {
			t.Skip()
		}
		for _, op := range globOps {
			p := pred(op, pattern)
			if got, want := p.Match(textEvent(t, text, p)), globRegexp(op, pattern).MatchString(text); got != want {
				t.Fatalf("%s(%q) for %q: got %v", op, pattern, text, got)
			}
		}
	})
}

func TestHostileGlobsAreNotExponential(t *testing.T) {
	t.Parallel()
	start := time.Now()
	text := strings.Repeat("a", 20000)
	for _, pattern := range []string{strings.Repeat("*a", 200) + "*b", "*" + strings.Repeat("?a", 50) + "b*", "*" + strings.Repeat("a", 60) + "b*"} {
		for _, p := range []*Pred{pred(Glob, pattern), pred(GlobFold, append(filler(9), pattern)...)} {
			if p.Match(textEvent(t, text, p)) {
				t.Errorf("%q matches", pattern)
			}
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	path := pred(ExpandFold, `C:\\Users\\%User%\\Downloads`)
	two := pred(Expand, "%a%:%b.c%")
	runHolds(t, []holds{
		{path, `{"f":"c:\\users\\BOB\\downloads","User":"bob"}`, true},
		{path, `{"f":"c:\\users\\bob\\downloads","User":"eve"}`, false},
		{path, `{"f":"C:\\Users\\\\Downloads"}`, true},
		{path, `{"f":"C:\\Users\\\\Downloads","User":["bob"]}`, true},
		{pred(ExpandFold, "* %User% *"), `{"f":"net user Bob /add","User":"bob"}`, true},
		{pred(Expand, "* %User% *"), `{"f":"net user Bob /add","User":"bob"}`, false},
		{pred(Expand, "%P%"), `{"f":"abc","P":"a*"}`, false},
		{pred(Expand, "%P%"), `{"f":"a*","P":"a*"}`, true},
		{two, `{"f":"7:x","a":7,"b":{"c":"x"}}`, true},
		{two, `{"f":"7:y","a":7,"b":{"c":"x"}}`, false},
		{pred(Expand, `\%x\%`), `{"f":"%x%","x":"1"}`, true},
		{pred(Expand, `%x\%`), `{"f":"%x%","x":"1"}`, true},
		{pred(Expand, `50%% off%`), `{"f":"50%","%":""," off":""}`, true},
		{pred(Expand, `100%`), `{"f":"100%"}`, true},
		{pred(Expand, `*%x%`), `{"f":"abc","x":"bc"}`, true},
		{pred(Expand, `*%x%*%x%*`), `{"f":"abcb","x":"b"}`, true},
		{pred(Expand, `*%x%*%x%*`), `{"f":"abc","x":"b"}`, false},
	})
	var names []string
	two.FieldIDs(func(id FieldID) { names = append(names, string(id.Field())) })
	if got := strings.Join(names, " "); got != "f a b.c" {
		t.Errorf("fields: got %s", got)
	}
}
