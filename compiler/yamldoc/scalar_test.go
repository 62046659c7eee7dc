package yamldoc

import (
	"math"
	"strings"
	"testing"
)

func TestPlainScalarsResolveByTheTable(t *testing.T) {
	t.Parallel()
	for kind, texts := range map[Kind]string{
		KindNull: "~ null Null NULL",
		KindBool: "true True TRUE false False FALSE",
		KindInt: "0 -0 +0 7 42 -42 +42 9223372036854775807 -9223372036854775808 " +
			"0x1F -0xff +0xAb 0o17 -0o7 0b101 0x007 0x7fffffffffffffff -0x8000000000000000",
		KindFloat: "1.5 5. .5 1e3 1E+3 1.5e-3 -1.5 +.5 0.0 0. 0e0 5.e3 .5e1 1e400 .inf .Inf .INF +.inf -.Inf -.INF .nan .NaN .NAN " +
			"9223372036854775808 -9223372036854775809 0x8000000000000000 0o7777777777777777777777 -0xffffffffffffffffffff",
		KindString: "yes no on off y n nULL NuLl tRUE 007 00 -01 01.5 1_000 1:30 2024-01-02 2001-12-14t21:59:43Z . .e1 1e 1e+ e5 " +
			"+ +- 0x 0xg 0X1F 0o8 0b2 0O7 0B1 .iNF inf nan +.nan -.NAN 1.2.3 10.0.0.0/8 1,5 0x1.8p1 1e3f ٣ ~~ << = x",
	} {
		for _, text := range strings.Fields(texts) {
			n := parseOne(t, "k: "+text+"\n").Get("k")
			if n.Kind != kind || n.Text != text {
				t.Errorf("%s is the %s %q, want a %s", text, n.Kind, n.Text, kind)
			}
		}
	}
}

func TestScalarsHaveTheirValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Node{
		"true":                     {Kind: KindBool, Bool: true},
		"False":                    {Kind: KindBool},
		"-0":                       {Kind: KindInt},
		"+12":                      {Kind: KindInt, Int: 12, Float: 12},
		"-0x10":                    {Kind: KindInt, Int: -16, Float: -16},
		"0o17":                     {Kind: KindInt, Int: 15, Float: 15},
		"0b101":                    {Kind: KindInt, Int: 5, Float: 5},
		"9007199254740993":         {Kind: KindInt, Int: 9007199254740993, Float: 9007199254740992},
		"-9223372036854775808":     {Kind: KindInt, Int: math.MinInt64, Float: -1 << 63},
		"18446744073709551616":     {Kind: KindFloat, Float: 1 << 64},
		"-18446744073709551616":    {Kind: KindFloat, Float: -1 << 64},
		"0x10000000000000000":      {Kind: KindFloat, Float: 1 << 64},
		"-0x10000000000000000":     {Kind: KindFloat, Float: -1 << 64},
		"0o2000000000000000000000": {Kind: KindFloat, Float: 1 << 64},
		"1.5":                      {Kind: KindFloat, Float: 1.5},
		"-.5e1":                    {Kind: KindFloat, Float: -5},
		"5.":                       {Kind: KindFloat, Float: 5},
		"1e400":                    {Kind: KindFloat, Float: math.Inf(1)},
		"-1e400":                   {Kind: KindFloat, Float: math.Inf(-1)},
		"-.inf":                    {Kind: KindFloat, Float: math.Inf(-1)},
		"+.Inf":                    {Kind: KindFloat, Float: math.Inf(1)},
		strings.Repeat("9", 400):   {Kind: KindFloat, Float: math.Inf(1)},
		"0x" + digits("f", 256):    {Kind: KindFloat, Float: math.Inf(1)},
		"-0b" + digits("1", 1100):  {Kind: KindFloat, Float: math.Inf(-1)},
		"0b" + digits("0", 1100):   {Kind: KindInt},
	} {
		n := parseOne(t, "k: "+text+"\n").Get("k")
		if n.Kind != want.Kind || n.Bool != want.Bool || n.Int != want.Int || n.Float != want.Float {
			t.Errorf("%s: got %+v", text, n)
		}
	}
	if n := parseOne(t, "k: .nan\n").Get("k"); !math.IsNaN(n.Float) {
		t.Errorf(".nan: got %v", n.Float)
	}
}

// digits returns digit n times.
func digits(digit string, n int) string { return strings.Repeat(digit, n) }

func TestStylesAndTagsDecideTheType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src  string
		kind Kind
		text string
	}{
		{"", KindNull, ""},
		{"''", KindString, ""},
		{"'1'", KindString, "1"},
		{`"true"`, KindString, "true"},
		{"'~'", KindString, "~"},
		{"|\n  5\n", KindString, "5\n"},
		{">-\n  5\n", KindString, "5"},
		{"1\n  2", KindString, "1 2"},
		{"!!str 5", KindString, "5"},
		{"!!str", KindString, ""},
		{"!!str ~", KindString, "~"},
		{"!<tag:yaml.org,2002:str> 5", KindString, "5"},
		{"! '5'", KindString, "5"},
		{"!!int '5'", KindInt, "5"},
		{"!!int 99999999999999999999", KindFloat, "99999999999999999999"},
		{"!!float 5", KindFloat, "5"},
		{"!!float 5.5", KindFloat, "5.5"},
		{"!!bool 'true'", KindBool, "true"},
		{"!!null ''", KindNull, ""},
		{"!!binary aGk=", KindString, "aGk="},
		{"!!timestamp 2024-01-02", KindString, "2024-01-02"},
		{"!custom 5", KindString, "5"},
		{"!!merge <<", KindString, "<<"},
		{"&anchor 5", KindInt, "5"},
		{"5 # comment", KindInt, "5"},
	} {
		n := parseOne(t, "k: "+c.src+"\n").Get("k")
		if n.Kind != c.kind || n.Text != c.text {
			t.Errorf("%s is the %s %q, want the %s %q", c.src, n.Kind, n.Text, c.kind, c.text)
		}
	}
}

func TestTagsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"!!int x", "!!int 1.5", "!!int 1e400", "!!float x", "!!bool yes", "!!bool 1", "!!null x", "!!int ''"} {
		if _, log := parse(t, "k: "+src+"\n"); len(log) != 1 || !strings.Contains(log[0].Msg, "does not fit its tag") {
			t.Errorf("%s: reports %v", src, log)
		}
	}
}
