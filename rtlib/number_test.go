package rtlib

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
)

func ints(op Op, n ...int64) *Pred     { return &Pred{Op: op, Field: "f", Ints: n} }
func floats(op Op, f ...float64) *Pred { return &Pred{Op: op, Field: "f", Floats: f} }

func TestNumbers(t *testing.T) {
	t.Parallel()
	runHolds(t, []holds{
		{ints(NumEqual, 4688), `{"f":4688}`, true}, {ints(NumEqual, 4688), `{"f":"4688"}`, true}, {ints(NumEqual, 4688), `{"f":4688.0}`, true},
		{ints(NumEqual, 7), `{"f":"007"}`, true}, {ints(NumEqual, 7), `{"f":"+7"}`, true}, {ints(NumEqual, 7), `{"f":"70e-1"}`, true},
		{ints(NumEqual, 7), `{"f":" 7"}`, false}, {ints(NumEqual, 7), `{"f":"7 "}`, false}, {ints(NumEqual, 7), `{"f":"0x7"}`, false},
		{floats(NumEqual, 1.5), `{"f":"1.50"}`, true}, {floats(NumEqual, 2), `{"f":2}`, true}, {floats(NumEqual, 1.5), `{"f":"1,5"}`, false},
		{ints(NumEqual, 0), `{"f":-0.0}`, true}, {ints(NumEqual, 0), `{"f":0e5}`, true}, {ints(NumEqual, 0), `{"f":1e-17}`, false},
		{ints(NumEqual, 9007199254740993), `{"f":9007199254740993}`, true}, {ints(NumEqual, 9007199254740993), `{"f":9007199254740992}`, false},
		{ints(NumEqual, 9007199254740993), `{"f":"9007199254740992"}`, false}, {ints(NumEqual, 9007199254740993), `{"f":9007199254740992.0}`, true},
		{floats(NumEqual, 18446744073709551615), `{"f":18446744073709551614}`, true},
		{floats(NumEqual, 18446744073709551615), `{"f":9223372036854775807}`, false},
		{floats(NumEqual, 9223372036854775807), `{"f":9223372036854775807}`, true},
		{ints(NumGreaterEqual, 9007199254740993), `{"f":9007199254740992.0}`, true},
		{ints(NumGreaterEqual, 9007199254740993), `{"f":9007199254740990.0}`, false},
		{ints(NumGreater, 0), `{"f":"inf"}`, false}, {ints(NumGreater, 0), `{"f":"NaN"}`, false}, {ints(NumGreater, 0), `{"f":1e999}`, false},
		{ints(NumGreater, 0), `{"f":"1e999"}`, false}, {ints(NumEqual, 1), `{"f":true}`, false}, {ints(NumGreaterEqual, 0), `{"f":null}`, false},
		{ints(NumEqual, 443), `{"f":[80,"443"]}`, true}, {ints(NumEqual, 443), `{"f":[]}`, false}, {ints(NumEqual, 1), `{"f":{"v":1}}`, false},
		{ints(NumGreater, 100, 5), `{"f":6}`, true}, {ints(NumGreater, 100, 5), `{"f":5}`, false},
		{floats(NumLess, 0.5), `{"f":0.25}`, true}, {floats(NumLessEqual, 0.5), `{"f":".5"}`, true}, {floats(NumLess, 0.5), `{"f":0.5}`, false},
		{ints(NumEqual, math.MinInt64), `{"f":"-9223372036854775808"}`, true}, {ints(NumEqual, math.MaxInt64), `{"f":"9223372036854775808"}`, true},
		{ints(NumEqual, math.MaxInt64), `{"f":"9223372036854775806"}`, false},
	})
}

func TestNumberSetsAgreeWithSingleNumbers(t *testing.T) {
	t.Parallel()
	operands := []int64{0, 1, -1, 7, 9007199254740993, math.MaxInt64, math.MinInt64, 1 << 53}
	halves := []float64{0.5, 1 << 53, 18446744073709551615, -2.25}
	set := &Pred{Op: NumEqual, Field: "f", Ints: operands, Floats: halves}
	hits := 0
	for _, s := range []string{`0`, `-0.0`, `"7.0"`, `"07"`, `9007199254740992`, `9007199254740993`, `9007199254740992.0`, `"1e0"`, `.5`, `"0.5"`,
		`9223372036854775807`, `9223372036854775806`, `9223372036854775808`, `18446744073709551614`, `-2.25`, `2`, `"x"`, `true`} {
		s = strings.Replace(s, `.5`, `0.5`, 1)
		raw := `{"f":` + strings.Replace(s, `00.5`, `0.5`, 1) + `}`
		want := false
		for _, i := range operands {
			p := ints(NumEqual, i)
			want = want || p.Match(eventFor(t, raw, p))
		}
		for _, f := range halves {
			p := floats(NumEqual, f)
			want = want || p.Match(eventFor(t, raw, p))
		}
		if want {
			hits++
		}
		if got := set.Match(eventFor(t, raw, set)); got != want {
			t.Errorf("%s: got %v", raw, got)
		}
	}
	if hits < 8 {
		t.Errorf("only %d hits", hits)
	}
}

var numberText = regexp.MustCompile(`\A[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\z`)

// FuzzNumbers compares with arbitrary-precision numbers.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"1", "-0", "9223372036854775808", "1e3", ".5", "5.", "", "+", "0x1", "1_0", "1e", "inf", "-9223372036854775808"} {
		f.Add(s, int64(1))
	}
	f.Fuzz(func(t *testing.T, text string, operand int64) {
		if len(text) > 30 {
			t.Skip()
		}
		n, ok := parseNumber(text)
		if exp := strings.IndexAny(text, "eE"); exp >= 0 && len(text)-exp > 5 {
			t.Skip() // too large for the twin
		}
		if !numberText.MatchString(text) {
			if ok {
				t.Fatalf("%q is a number", text)
			}
			return
		}
		exact, _, err := big.ParseFloat(text, 10, 5000, big.ToNearestEven)
		if err != nil {
			t.Skip()
		}
		f64, _ := exact.Float64()
		if ok != !math.IsInf(f64, 0) {
			t.Fatalf("%q: got %v", text, ok)
		}
		if !ok {
			return
		}
		isInt := !strings.ContainsAny(text, ".eE") && exact.Cmp(big.NewFloat(math.MinInt64)) >= 0 &&
			exact.Cmp(new(big.Float).SetInt64(math.MaxInt64)) <= 0
		if n.isInt != isInt || n.f != f64 {
			t.Fatalf("%q: got %+v, want %v %v", text, n, isInt, f64)
		}
		want := f64 == float64(operand)
		if isInt {
			want = exact.Cmp(new(big.Float).SetInt64(operand)) == 0
		}
		if got := (&numberTest{accept: equal, ints: []int64{operand}}).test(n); got != want {
			t.Fatalf("%q = %d: got %v", text, operand, got)
		}
	})
}
