package condition

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// fault is what Parse reported.
type fault struct {
	code   diag.Code
	offset int
	msg    string
}

// parse runs Parse and fails the test if its promises about faults are broken.
func parse(t *testing.T, text string) (Expr, *fault) {
	t.Helper()
	var faults []fault
	e := Parse(text, func(code diag.Code, offset int, format string, args ...any) {
		faults = append(faults, fault{code, offset, fmt.Sprintf(format, args...)})
	})
	if (e == nil) != (len(faults) == 1) || len(faults) > 1 {
		t.Fatalf("%.100q: tree %v, faults %v", text, e, faults)
	}
	if e != nil {
		return e, nil
	}
	f := faults[0]
	if phrase := strings.ReplaceAll(string(f.code), "-", " "); !strings.Contains(f.msg, phrase) {
		t.Errorf("%.100q: message %q lacks %q", text, f.msg, phrase)
	}
	if f.offset < 0 || f.offset > len(text) {
		t.Errorf("%.100q: offset %d", text, f.offset)
	}
	return nil, &f
}

// withoutOffsets returns a copy of e in which all offsets are zero.
func withoutOffsets(e Expr) Expr {
	switch e := e.(type) {
	case *And:
		return &And{Terms: termsWithoutOffsets(e.Terms)}
	case *Or:
		return &Or{Terms: termsWithoutOffsets(e.Terms)}
	case *Not:
		return &Not{X: withoutOffsets(e.X)}
	case *Name:
		return &Name{Text: e.Text}
	case *Selector:
		s := *e
		s.Offset = 0
		return &s
	}
	return nil
}

func termsWithoutOffsets(terms []Expr) []Expr {
	out := make([]Expr, len(terms))
	for i, t := range terms {
		out[i] = withoutOffsets(t)
	}
	return out
}

func name(text string) Expr    { return &Name{Text: text} }
func not(x Expr) Expr          { return &Not{X: x} }
func and(terms ...Expr) Expr   { return &And{Terms: terms} }
func or(terms ...Expr) Expr    { return &Or{Terms: terms} }
func all(pattern string) Expr  { return &Selector{All: true, Pattern: pattern} }
func some(pattern string) Expr { return &Selector{Count: 1, Pattern: pattern} }

// grammar holds conditions, their trees and how they are printed.
var grammar = []struct {
	text    string
	want    Expr
	printed string // as text if empty
}{
	{"s", name("s"), ""},
	{"a and b", and(name("a"), name("b")), ""},
	{"a and b and c", and(name("a"), name("b"), name("c")), ""},
	{"a or b or c", or(name("a"), name("b"), name("c")), ""},
	{"a or b and c", or(name("a"), and(name("b"), name("c"))), ""},
	{"a and b or c", or(and(name("a"), name("b")), name("c")), ""},
	{"a or (b and c)", or(name("a"), and(name("b"), name("c"))), "a or b and c"},
	{"(a or b) and c", and(or(name("a"), name("b")), name("c")), ""},
	{"a or (b or c)", or(name("a"), or(name("b"), name("c"))), ""},
	{"a and (b and c)", and(name("a"), and(name("b"), name("c"))), ""},
	{"not a", not(name("a")), ""},
	{"not a and b", and(not(name("a")), name("b")), ""},
	{"not (a and b)", not(and(name("a"), name("b"))), ""},
	{"not (a or b)", not(or(name("a"), name("b"))), ""},
	{"not not a", not(not(name("a"))), ""},
	{"not (not a)", not(not(name("a"))), "not not a"},
	{"a and not b", and(name("a"), not(name("b"))), ""},
	{"((a))", name("a"), "a"},
	{"(a)and(b)", and(name("a"), name("b")), "a and b"},
	{"not(a)", not(name("a")), "not a"},
	{" a\tand\r\nb\n", and(name("a"), name("b")), "a and b"},
	{"and_x or not-this or 1st", or(name("and_x"), name("not-this"), name("1st")), ""},
	{"of_all and them_2", and(name("of_all"), name("them_2")), ""},
	{"1", name("1"), ""},
	{"1 and 2", and(name("1"), name("2")), ""},
	{"-1-", name("-1-"), ""},
	{"_a", name("_a"), ""},
	{"AND", name("AND"), ""},
	{"Not or NOT", or(name("Not"), name("NOT")), ""},
	{"all of them", &Selector{All: true, Them: true}, ""},
	{"any of them", &Selector{Count: 1, Them: true}, "1 of them"},
	{"1 of them", &Selector{Count: 1, Them: true}, ""},
	{"12 of them", &Selector{Count: 12, Them: true}, ""},
	{"002 of them", &Selector{Count: 2, Them: true}, "2 of them"},
	{"99999999999999999999 of x", &Selector{Count: 2147483647, Pattern: "x"}, "2147483647 of x"},
	{"all of s*", all("s*"), ""},
	{"any of s*", some("s*"), "1 of s*"},
	{"1 of *", some("*"), ""},
	{"1 of s*_*x", some("s*_*x"), ""},
	{"1 of plain", some("plain"), ""},
	{"1 of them*", some("them*"), ""},
	{"1 of THEM", some("THEM"), ""},
	{"1 of 1", some("1"), ""},
	{"1 of a* and not all of b-*", and(some("a*"), not(all("b-*"))), ""},
	{"(1 of a*)", some("a*"), "1 of a*"},
	{"not 1 of a* or b", or(not(some("a*")), name("b")), ""},
}

func TestConditionsParseByTheGrammar(t *testing.T) {
	t.Parallel()
	for _, c := range grammar {
		e, f := parse(t, c.text)
		if f != nil {
			t.Errorf("%q: %s", c.text, f.msg)
			continue
		}
		if got := withoutOffsets(e); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %s", c.text, String(got))
		}
	}
}

func TestPrintedConditionsAreMinimalAndParseBackEqual(t *testing.T) {
	t.Parallel()
	for _, c := range grammar {
		want := c.printed
		if want == "" {
			want = c.text
		}
		printed := String(c.want)
		if printed != want {
			t.Errorf("%q prints as %q, want %q", c.text, printed, want)
		}
		if e, f := parse(t, printed); f != nil || !reflect.DeepEqual(withoutOffsets(e), c.want) {
			t.Errorf("%q does not parse back", printed)
		}
	}
}

func TestNamesAndSelectorsKnowTheirOffsets(t *testing.T) {
	t.Parallel()
	e, _ := parse(t, "  a or (not bc and 2 of d*)")
	var got []string
	Walk(e, func(e Expr) {
		switch e := e.(type) {
		case *Name:
			got = append(got, fmt.Sprint(e.Text, e.Offset))
		case *Selector:
			got = append(got, fmt.Sprint(e.Pattern, e.Offset))
		}
	})
	if want := []string{"a2", "bc12", "d*19"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestViolationsOfTheGrammarAreReportedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		offset int
		part   string
	}{
		{"", 0, "the condition is empty"},
		{" \n", 0, "the condition is empty"},
		{"s and", 5, `expected a detection name after "and"`},
		{"s and ", 6, `expected a detection name after "and"`},
		{"not", 3, `expected a detection name after "not"`},
		{"or s", 0, `expected a detection name before "or"`},
		{"s or or t", 5, `expected a detection name after "or", found "or"`},
		{"s and not and t", 10, `after "not", found "and"`},
		{"s t", 2, `expected "and" or "or" between "s" and "t"`},
		{"s not t", 2, `expected "and" or "or" between "s" and "not"`},
		{"s (t)", 2, `expected "and" or "or" between "s" and "("`},
		{"(s t)", 3, `expected "and" or "or" between "s" and "t"`},
		{"s AND t", 2, `found "AND"; operators are lower case, write "and"`},
		{"s and NOT t", 10, `operators are lower case, write "not"`},
		{"NOT t", 4, `operators are lower case, write "not"`},
		{"ALL of s*", 4, `operators are lower case, write "all"`},
		{"all OF s*", 4, `operators are lower case, write "of"`},
		{"1 OF s*", 2, `operators are lower case, write "of"`},
		{"(s", 0, `"(" is never closed`},
		{"a or ((s) and b", 5, `"(" is never closed`},
		{"s)", 1, `")" without a "("`},
		{")", 0, `expected a detection name before ")"`},
		{"s and ()", 6, "the parentheses are empty"},
		{"1 of", 4, `expected "them" or a name pattern after "of"`},
		{"1 of and", 5, `after "of", found "and"`},
		{"all of (a)", 7, `after "of", found "("`},
		{"of s*", 0, `expected "all", "any" or a number before "of"`},
		{"s of t", 2, `before "of", found "s"`},
		{"-1 of t", 3, `before "of", found "-1"`},
		{"0 of s*", 0, "the least number is 1"},
		{"00 of them", 0, "the least number is 1"},
		{"all", 3, `expected "of" after "all"`},
		{"any s", 4, `expected "of" after "any", found "s"`},
		{"s*", 0, `stands only in selectors`},
		{"a or s*", 5, `write "1 of " or "all of "`},
		{"them", 0, `"them" stands only in selectors`},
		{"all of them them", 12, `expected "and" or "or" between "them" and "them"`},
		{"s & s", 2, `unexpected character "&"; write "and"`},
		{"!s", 0, `unexpected character "!"; write "not"`},
		{"'s'", 0, "without quotes"},
		{"1 of (a, b)", 5, `found "("`},
		{"(a, b)", 2, `unexpected character ","`},
		{"all , x", 4, `unexpected character ","`},
		{"1 of 'x*'", 5, "without quotes"},
		{"sé", 1, `unexpected character "é"`},
		{"s\u00a0and t", 1, `unexpected character "\u00a0"`},
		{"a.b", 1, `unexpected character "."`},
		{"\xff", 0, "unexpected character"},
		{"s and \x00", 6, "unexpected character"},
	} {
		_, f := parse(t, c.text)
		switch {
		case f == nil:
			t.Errorf("%q: accepted", c.text)
		case f.code != diag.CodeConditionSyntax || f.offset != c.offset || !strings.Contains(f.msg, c.part):
			t.Errorf("%q: %s at %d: %s", c.text, f.code, f.offset, f.msg)
		}
	}
}

func TestAggregationsPointToCorrelationRules(t *testing.T) {
	t.Parallel()
	for text, offset := range map[string]int{
		"s | count() > 5": 2,
		"|":               0,
		"s and (|":        7, // also where the grammar is violated
		"a or or b|c":     9,
	} {
		_, f := parse(t, text)
		if f == nil || f.code != diag.CodeAggregation || f.offset != offset || !strings.Contains(f.msg, "use a correlation rule") {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("(", n) + "s" + strings.Repeat(")", n) }
	long := func(n int) string { return "s" + strings.Repeat(" ", n-1) }
	for _, c := range []struct {
		what, text string
		want       diag.Code
	}{
		{"64 parentheses", nested(64), ""},
		{"65 parentheses", nested(65), diag.CodeConditionTooDeep},
		{"parentheses side by side", strings.Repeat("(s) or ", 1000) + "s", ""},
		{"64 times not", strings.Repeat("not ", 64) + "s", ""},
		{"65 times not", strings.Repeat("not ", 65) + "s", diag.CodeConditionTooDeep},
		{"not and parentheses", strings.Repeat("not (", 64) + "s" + strings.Repeat(")", 64), ""},
		{"many names", strings.Repeat("s or ", 10000) + "s", ""},
		{"64 KiB", long(64 << 10), ""},
		{"more than 64 KiB", long(64<<10 + 1), diag.CodeConditionTooLong},
		{"only parentheses", strings.Repeat("(", 64<<10), diag.CodeConditionTooDeep},
		{"only not", strings.Repeat("not ", 16<<10), diag.CodeConditionTooDeep},
		{"long and with a bar", strings.Repeat("|", 64<<10+1), diag.CodeConditionTooLong},
	} {
		_, f := parse(t, c.text)
		got := diag.Code("")
		if f != nil {
			got = f.code
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestMessagesQuoteLongWordsShortened(t *testing.T) {
	t.Parallel()
	_, f := parse(t, "s "+strings.Repeat("x", 60000))
	if f == nil || len(f.msg) > 300 {
		t.Errorf("got %v", f)
	}
}

// FuzzParse checks that no text makes Parse panic or break its promises, and that trees survive printing.
func FuzzParse(f *testing.F) {
	for _, c := range grammar {
		f.Add(c.text)
	}
	for _, text := range []string{"", "s and", "s AND t", "((s)", "0 of x", "1 of", "a | b", "é", "not not not", "\xff(", "all of of"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, fault := parse(t, text)
		if fault != nil {
			return
		}
		printed := String(e)
		back, fault := parse(t, printed)
		if fault != nil {
			t.Fatalf("%q prints as %q: %s", text, printed, fault.msg)
		}
		if !reflect.DeepEqual(withoutOffsets(e), withoutOffsets(back)) {
			t.Fatalf("%q prints as %q, which is another tree", text, printed)
		}
	})
}
