package rtlib

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRegex(t *testing.T) {
	t.Parallel()
	runHolds(t, []holds{
		{pred(Regex, `ab+c`), `{"f":"zzabbbczz"}`, true},
		{pred(Regex, `ab+c`), `{"f":"ABC"}`, false},
		{pred(Regex, `^ab$`), `{"f":"ab\n"}`, false},
		{pred(Regex, `(?i)ÄRZTE`), `{"f":"ärzte"}`, true},
		{pred(Regex, `(?i)kelvin`), `{"f":"\u212aELVIN"}`, true},
		{pred(Regex, `KELVIN`), `{"f":"\u212aELVIN"}`, false},
		{pred(Regex, `(?m)^two$`), `{"f":"one\ntwo\nthree"}`, true},
		{pred(Regex, `^44\d$`), `{"f":443}`, true},
		{pred(Regex, `^x`, `y$`), `{"f":["a","-y"]}`, true},
	})
}

func TestRequiredLiterals(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`abc`:                     `abc`,
		`(?i)ABC`:                 `abc`,
		`a[bB]c`:                  `abc`,
		`\d+abc\s*defg`:           `defg`,
		`foo(bar|baz).*`:          `foobar foobaz`,
		`(foo|bar)`:               `foo bar`,
		`(foo|)x`:                 `foox x`,
		`(foo|.*)`:                ``,
		`x*`:                      ``,
		`x+`:                      `x`,
		`(?:abc){2,}`:             `abcabc`,
		`(?:abc){2}d`:             `abcabcd`,
		`(?:abc){0,3}`:            ``,
		`colou?r`:                 `colour color`,
		`^$`:                      ``,
		`\bfoo\b`:                 `foo`,
		`.`:                       ``,
		`[a-z]+\.exe`:             `.exe`,
		`(?i)\\(net|net1)\.exe$`:  `\net.exe \net1.exe`,
		`(?i)k`:                   `k`,
		`[^a]bc`:                  `bc`,
		`(a|b|c)(d|e|f)(g|h|i)jj`: `gjj hjj ijj`,
	} {
		got := map[string]bool{}
		for _, s := range regexLiterals(expr) {
			got[s] = true
		}
		fields := strings.Fields(want)
		for _, s := range fields {
			if !got[s] {
				t.Errorf("%s: got %q", expr, regexLiterals(expr))
				break
			}
		}
		if len(got) != len(fields) {
			t.Errorf("%s: got %q", expr, regexLiterals(expr))
		}
	}
}

func TestTheGateAsksForEveryPartOfAnExpression(t *testing.T) {
	t.Parallel()
	const long = `(?i)(set).*&&\s?set.*(input|noexit).*&&.*"`
	for _, c := range []struct {
		expr, text string
		may        bool
	}{
		{long, `set a && set b input && "`, true},
		{long, `set a &&  set b input && "`, false},
		{long, `a && b input && "`, false},
		{long, `set a &&set b noexit && `, false},
		{`cmd.{0,5}(?:/c|/r).+powershell`, `cmd /r powershell`, true},
		{`cmd.{0,5}(?:/c|/r).+powershell`, `cmd powershell`, false},
		{`(ab.*cd)+x`, `abx`, false},
		{`(ab.*cd)+x`, `cdabx`, true}, // the gate does not know the order
		{`(?:ab.*cd){2,}x`, `abx`, false},
		{`(ab.*cd|ef)x`, `efx`, true},
		{`(ab.*cd|ef)x`, `ef`, false},
		{`x*`, ``, true},
	} {
		m, err := compileRegex(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.mayMatch(c.text); got != c.may {
			t.Errorf("%s on %q: got %v, gate %q", c.expr, c.text, got, m.gate)
		}
	}
}

func FuzzRegex(f *testing.F) {
	f.Add(`(ab.*c|d.+e)f.*g`, "dxefxg")
	f.Add(`(?i)foo(bar|b[aA]z)+x?`, "xFOOBAZ")
	f.Add(`(a|b|c)(d|e|f)(g|h|i)jj`, "adgjj")
	f.Add(`(?:ab){2,3}|\x{212a}`, "ababk")
	f.Fuzz(func(t *testing.T, expr, text string) {
		if !utf8.ValidString(text) || len(expr) > 200 {
			t.Skip()
		}
		re, err := regexp.Compile(expr)
		p := pred(Regex, expr)
		if (p.prepare() == nil) != (err == nil) {
			t.Fatalf("%q: regexp says %v", expr, err)
		}
		if err != nil {
			t.Skip()
		}
		if got, want := p.Match(textEvent(t, text, p)), re.MatchString(text); got != want {
			t.Fatalf("%q for %q: got %v, literals %q", expr, text, got, regexLiterals(expr))
		}
	})
}

func TestLongTextsAreSearchedAsFarAsTheBudgetGoes(t *testing.T) {
	t.Parallel()
	p := pred(Regex, `(?:abcdefgh){0,900}b`) // several thousand instructions
	r := &Rule{Selections: []Selection{{Name: "s", Body: p}}}
	size, err := RegexSize(p.Strings[0])
	if err != nil || size < 5000 {
		t.Fatalf("size %d, %v", size, err)
	}
	limit := RegexBudget / size
	inside, outside := "abcdefghb"+strings.Repeat("é", limit), strings.Repeat("é", limit)+"abcdefghb"
	if !p.Match(textEvent(t, inside, p)) {
		t.Error("a match at the front is not found")
	}
	if p.Match(textEvent(t, outside, p)) {
		t.Error("a match behind the budget is found")
	}
	if n := r.RegexTruncated(); n != 2 {
		t.Errorf("%d truncations counted", n)
	}
}
