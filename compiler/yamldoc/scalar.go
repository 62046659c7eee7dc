package yamldoc

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// unplain are the styles of scalars that are always strings.
const unplain = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// The numbers of sigma-language.md section 2. That of yaml.v3 differ: it follows YAML 1.1 in parts, so that 007, 1_000 and
// dates would not stay the text that a rule means.
var (
	decimalInt = regexp.MustCompile(`^[-+]?(?:0|[1-9][0-9]*)$`)
	basedInt   = regexp.MustCompile(`^[-+]?0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)$`)
	finite     = regexp.MustCompile(`^[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$`)
)

// setScalar gives dst the type and value of the scalar src. It returns false if an explicit tag demands a type that the
// text does not have.
//
// Of the explicit tags, !!str makes a string of any text, and !!null, !!bool, !!int and !!float apply the table for plain
// scalars to quoted ones as well. All others – !!binary, !!timestamp, tags of applications – have no meaning in a rule;
// their text is a string as written.
func setScalar(dst *Node, src *yaml.Node) bool {
	dst.Text = src.Value
	dst.Block = src.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if src.Style&yaml.TaggedStyle == 0 {
		dst.Kind = KindString
		if src.Style&unplain == 0 {
			resolve(dst)
		}
		return true
	}
	want, typed := map[string]Kind{"!!null": KindNull, "!!bool": KindBool, "!!int": KindInt, "!!float": KindFloat}[src.Tag]
	if !typed {
		dst.Kind = KindString
		return true
	}
	resolve(dst)
	if want == KindFloat && dst.Kind == KindInt {
		dst.Kind, dst.Int = KindFloat, 0
	}
	return dst.Kind == want || want == KindInt && dst.Kind == KindFloat && isInteger(dst.Text)
}

// resolve sets kind and value of n by its text, as for a plain scalar.
//
// Source: sigma-language.md section 2, the table.
func resolve(n *Node) {
	switch n.Text {
	case "", "~", "null", "Null", "NULL":
		n.Kind = KindNull
	case "true", "True", "TRUE":
		n.Kind, n.Bool = KindBool, true
	case "false", "False", "FALSE":
		n.Kind = KindBool
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		n.Kind, n.Float = KindFloat, math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		n.Kind, n.Float = KindFloat, math.Inf(-1)
	case ".nan", ".NaN", ".NAN":
		n.Kind, n.Float = KindFloat, math.NaN()
	default:
		resolveNumber(n)
	}
}

// resolveNumber makes n a number if its text is one, else a string. A number beyond the range of a float is infinite.
func resolveNumber(n *Node) {
	n.Kind = KindString
	switch c := n.Text[0]; {
	case c != '-' && c != '+' && c != '.' && (c < '0' || c > '9'):
		return // most scalars are text; spare them the expressions
	case isInteger(n.Text):
		setInt(n)
	case finite.MatchString(n.Text):
		n.Kind = KindFloat
		n.Float, _ = strconv.ParseFloat(n.Text, 64)
	}
}

// isInteger reports whether text is an integer of any size.
func isInteger(text string) bool { return decimalInt.MatchString(text) || basedInt.MatchString(text) }

// setInt sets the value of n, whose text is an integer. What does not fit 64 bits becomes a float.
func setInt(n *Node) {
	base := 10
	if basedInt.MatchString(n.Text) {
		base = 0 // take it from the prefix
	}
	if i, err := strconv.ParseInt(n.Text, base, 64); err == nil {
		n.Kind, n.Int, n.Float = KindInt, i, float64(i)
		return
	}
	n.Kind = KindFloat
	if base == 10 {
		n.Float, _ = strconv.ParseFloat(n.Text, 64)
		return
	}
	n.Float = basedFloat(n.Text)
}

// basedFloat returns the value of an integer with a base prefix that does not fit 64 bits.
func basedFloat(text string) float64 {
	sign := 1.0
	if text[0] == '-' {
		sign = -1
	}
	text = strings.TrimLeft(text, "+-")
	digits := strings.TrimLeft(text[2:], "0")
	// 1024 binary digits hold the largest float, and big.Int takes quadratic time for long texts.
	if len(digits) > 1024 {
		return math.Inf(int(sign))
	}
	i, _ := new(big.Int).SetString(text[:2]+digits, 0)
	f, _ := new(big.Float).SetInt(i).Float64()
	return sign * f
}
