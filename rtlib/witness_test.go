package rtlib

import (
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// seen reports whether some element of the field of p meets w.
func (w WitnessLiteral) seen(ev *Event, p *Pred) bool {
	v := ev.Value(p.ID())
	if w.Kind == WitnessPresent {
		return v.Kind != Missing
	}
	return ev.Each(v, func(e *Value) bool {
		switch w.Kind {
		case WitnessEqual:
			return e.Fold == w.Text
		case WitnessPrefix:
			return strings.HasPrefix(e.Fold, w.Text)
		case WitnessSuffix:
			return strings.HasSuffix(e.Fold, w.Text)
		case WitnessContains:
			return strings.Contains(e.Fold, w.Text)
		default:
			_, f, _, ok := Number(e)
			return ok && f == w.Number
		}
	})
}

// checkWitnesses fails if p holds for ev although nothing of one of its lists can be seen. It reports whether p holds.
func checkWitnesses(t *testing.T, p *Pred, ev *Event) bool {
	t.Helper()
	if !p.Match(ev) {
		return false
	}
	for _, list := range p.Witnesses() {
		found := false
		for _, w := range list {
			found = found || w.seen(ev, p)
			if w.Text == "" && w.Kind != WitnessEqual && w.Kind != WitnessNumber && w.Kind != WitnessPresent {
				t.Fatalf("%s: empty witness of kind %s", describe(p), w.Kind)
			}
		}
		if !found {
			t.Fatalf("%s holds for %s without %v", describe(p), ev.Raw(), list)
		}
	}
	return true
}

func TestWitnessesAreSeenWheneverAPredicateHolds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(4))
	exprs := []string{`(?i)a.b`, `[kK]s+`, `(?i)(ab|ſ|K)x?`, `a|b|-`, `^a`, `(a|b)?k`, `[^a]\?`, `(?:aB){1,2}`, `\bk\b`}
	scalars := []string{`1`, `-0.0`, `1e0`, `2.5`, `true`, `null`, `{}`, `"1.0"`, `"2024-01-01T01:00:00"`, `"10.1.1.1"`}
	hits := map[Op]int{}
	for range 5000 {
		op := Ops()[r.Intn(len(Ops()))]
		p := &Pred{Op: op, Field: "f", All: r.Intn(3) == 0, Want: r.Intn(2) == 0, Part: Hour}
		if r.Intn(6) == 0 && op.Operands() == OperandsStrings {
			p.Field = AnyString
		}
		for range 1 + r.Intn(3) {
			p.Ints = append(p.Ints, int64(r.Intn(3)))
			p.Floats = append(p.Floats, []float64{0, 1, 2.5, -1}[r.Intn(4)])
			switch {
			case op == Regex:
				p.Strings = append(p.Strings, exprs[r.Intn(len(exprs))])
			case op == CIDR:
				p.Strings = append(p.Strings, "10.0.0.0/8")
			case op >= RefEqual && op <= RefSuffixFold:
				p.Strings = append(p.Strings, "g")
			case op == Expand || op == ExpandFold:
				p.Strings = append(p.Strings, randomText(r, r.Intn(3))+"%g%*"+randomText(r, r.Intn(2)))
			default:
				p.Strings = append(p.Strings, randomText(r, r.Intn(4)))
			}
		}
		for range 10 {
			value := func() string {
				if r.Intn(3) == 0 {
					return scalars[r.Intn(len(scalars))]
				}
				return jsonString(randomText(r, r.Intn(5)))
			}
			raw := `{"g":` + value() + `,"f":` + value() + `}`
			switch r.Intn(4) {
			case 0:
				raw = `{"g":` + value() + `,"f":[` + value() + `,[` + value() + `]]}`
			case 1:
				raw = `{"g":` + value() + `}`
			}
			if checkWitnesses(t, p, eventFor(t, raw, p)) {
				hits[op]++
			}
		}
	}
	for _, op := range Ops() {
		if hits[op] < 5 {
			t.Errorf("%s held only %d times", op, hits[op])
		}
	}
}

func TestWitnessesSayWhatCanBeSaid(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		p    *Pred
		want string
	}{
		{pred(EqualFold, "ABC", "d"), "Equal abc, Equal d"},
		{predAll(ContainsFold, "ABC", "d"), "Contains abc; Contains d"},
		{pred(Suffix, `\CMD.exe`), `Suffix \cmd.exe`},
		{pred(Prefix, ""), "Present"},
		{pred(Equal, ""), "Equal "},
		{pred(ContainsFold, "a", ""), "Present"},
		{pred(GlobFold, "Ab*cdE?f*gh"), "Prefix ab; Contains cde; Contains f; Suffix gh"},
		{pred(GlobFold, "Ab*cdE?f*gh", "x*"), "Contains cde, Prefix x"},
		{pred(Glob, "*"), "Present"}, {pred(Glob, ""), "Equal "}, {pred(Glob, "A*"), "Prefix a"}, {pred(Glob, `a\*`), "Equal a*"},
		{pred(GlobDashFold, "* -run*"), "Contains  ; Contains run"},
		{pred(ExpandFold, `C:\\%u%\\x`), `Prefix c:\; Suffix \x`},
		{pred(Regex, `a+(foo|barbar)$`, `x{3}`), "Contains foo, Contains barbar, Contains xxx"},
		{pred(Regex, `.`), "Present"},
		{&Pred{Op: NumEqual, Field: "f", Ints: []int64{1}, Floats: []float64{2.5}}, "Number 1, Number 2.5"},
		{&Pred{Op: NumLess, Field: "f", Ints: []int64{1}}, "Present"},
		{pred(CIDR, "10.0.0.0/8"), "Present"}, {pred(RefEqual, "g"), "Present"},
		{&Pred{Op: BoolEqual, Field: "f"}, "Present"}, {&Pred{Op: Exists, Field: "f", Want: true}, "Present"},
		{&Pred{Op: Exists, Field: "f"}, ""}, {&Pred{Op: IsNull, Field: "f"}, ""},
	} {
		var lists []string
		for _, list := range row.p.Witnesses() {
			var literals []string
			for _, w := range list {
				text := w.Kind.String()
				switch w.Kind {
				case WitnessPresent:
				case WitnessNumber:
					text += " " + strconv.FormatFloat(w.Number, 'f', -1, 64)
				default:
					text += " " + w.Text
				}
				literals = append(literals, text)
			}
			lists = append(lists, strings.Join(literals, ", "))
		}
		if got := strings.Join(lists, "; "); got != row.want {
			t.Errorf("%s: got %s, want %s", describe(row.p), got, row.want)
		}
	}
}

func FuzzWitnesses(f *testing.F) {
	for i := range numOps {
		f.Add(uint8(i), "a*b", "(?i)k|s", "xaKb", "1")
	}
	f.Fuzz(func(t *testing.T, op uint8, a, b, text, other string) {
		if !utf8.ValidString(a+b) || len(a)+len(b) > 200 {
			t.Skip()
		}
		p := &Pred{Op: Op(op) % numOps, Field: "f", Strings: []string{a, b}, Ints: []int64{0, 1}, Part: Hour, All: op >= 128}
		if p.prepare() != nil {
			t.Skip()
		}
		raw := `{"f":[` + jsonString(text) + `,` + jsonString(other) + `]}`
		checkWitnesses(t, p, eventFor(t, raw, p))
	})
}
