package rtlib

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTextOperators(t *testing.T) {
	t.Parallel()
	runHolds(t, []holds{
		{pred(Equal, "Abc"), `{"f":"Abc"}`, true},
		{pred(Equal, "Abc"), `{"f":"abc"}`, false},
		{pred(EqualFold, "KELVIN"), `{"f":"\u212aelvin"}`, true},
		{pred(EqualFold, "straße"), `{"f":"STRAẞE"}`, true},
		{pred(EqualFold, "straße"), `{"f":"strasse"}`, false},
		{pred(EqualFold, "İx"), `{"f":"ix"}`, false},
		{pred(EqualFold, "İx"), `{"f":"İX"}`, true},
		{pred(EqualFold, "1"), `{"f":1.0}`, true},
		{pred(EqualFold, "TRUE"), `{"f":true}`, true},
		{pred(Prefix, `C:\`), `{"f":"C:\\x"}`, true},
		{pred(Prefix, `c:\`), `{"f":"C:\\x"}`, false},
		{pred(PrefixFold, `c:\`, `d:\`), `{"f":"D:\\x"}`, true},
		{pred(SuffixFold, `\cmd.EXE`), `{"f":["a","C:\\CMD.exe"]}`, true},
		{pred(Suffix, `775807`), `{"f":9223372036854775807}`, true},
		{pred(ContainsFold, "ΟΔΟΣ"), `{"f":"x οδος"}`, true},
		{pred(Contains, "68", "als"), `{"f":false}`, true},
		{pred(Contains, "68", "als"), `{"f":true}`, false},
		{&Pred{Op: EqualFold, Field: "a.b", Strings: []string{"x"}}, `{"a":[{"b":"y"},{"b":["z","X"]}]}`, true},
	})
}

// naiveText is the meaning of a literal operator, without folded forms and sets.
func naiveText(op Op, text, literal string) bool {
	same := func(a, b string) bool { return a == b }
	if op.IsFold() {
		same = strings.EqualFold
	}
	t, l := []rune(text), []rune(literal)
	for i := 0; i+len(l) <= len(t); i++ {
		j := i + len(l)
		front, back := i == 0, j == len(t)
		switch op {
		case Equal, EqualFold:
			if !front || !back {
				continue
			}
		case Prefix, PrefixFold:
			if !front {
				continue
			}
		case Suffix, SuffixFold:
			if !back {
				continue
			}
		}
		if same(string(t[i:j]), literal) {
			return true
		}
	}
	return false
}

var literalOps = []Op{Equal, EqualFold, Prefix, PrefixFold, Suffix, SuffixFold, Contains, ContainsFold}

// randomText returns n runes of an alphabet that is small and full of letters that fold.
func randomText(r *rand.Rand, n int) string {
	alphabet := []rune("aAbBkK\u212asSſßẞéÉσςΣİi-/–*?\\")
	var b strings.Builder
	for range n {
		b.WriteRune(alphabet[r.Intn(len(alphabet))])
	}
	return b.String()
}

func TestTextOperatorsAgreeWithANaiveTwin(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(1))
	hits, runs := 0, 0
	for range 1200 {
		var operands []string
		for range 1 + r.Intn(14) {
			operands = append(operands, randomText(r, r.Intn(6)))
		}
		operands = operands[:1+r.Intn(len(operands))]
		text := randomText(r, r.Intn(9))
		for _, op := range literalOps {
			want := false
			for _, s := range operands {
				want = want || naiveText(op, text, s)
			}
			p := pred(op, operands...)
			got := p.Match(textEvent(t, text, p))
			runs++
			if got {
				hits++
			}
			if got != want {
				t.Fatalf("%s%q for %q: got %v", op, operands, text, got)
			}
		}
	}
	if hits < runs/10 || hits > runs*9/10 {
		t.Errorf("only %d hits in %d runs", hits, runs)
	}
}

// textEvent returns an event whose field f is text.
func textEvent(t testing.TB, text string, xs ...Expr) *Event {
	t.Helper()
	return eventFor(t, `{"f":`+jsonString(text)+`}`, xs...)
}

func FuzzTextOperators(f *testing.F) {
	f.Add("C:\\CMD.exe", "cmd", "\u212a", uint8(7))
	f.Add("ab", "", "b", uint8(2))
	f.Fuzz(func(t *testing.T, text, a, b string, n uint8) {
		if !utf8.ValidString(text) || !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip()
		}
		operands := append(filler(int(n%16)), a, b)
		for _, op := range literalOps {
			want := false
			for _, s := range operands {
				want = want || naiveText(op, text, s)
			}
			p := pred(op, operands...)
			if got := p.Match(textEvent(t, text, p)); got != want {
				t.Fatalf("%s%q for %q: got %v", op, operands, text, got)
			}
		}
	})
}

func TestLargeSubstringSetsFindWhatTheyHold(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(2))
	var needles []string
	for i := range 4432 {
		needles = append(needles, fmt.Sprintf("%x.example-%d.test", r.Uint32(), i))
	}
	needles = append(needles, "a\x00", "€", "xyz")
	p := pred(ContainsFold, needles...)
	for i, needle := range needles {
		if i%100 != 0 && i < 4400 {
			continue
		}
		text := strings.Map(unicode.ToUpper, "https://"+needle+"/path")
		if !p.Match(textEvent(t, text, p)) {
			t.Errorf("%q is not found", needle)
		}
		if p.Match(textEvent(t, needle[:len(needle)-1], p)) {
			t.Errorf("a part of %q is found", needle)
		}
	}
}
