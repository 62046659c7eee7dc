package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// wanted says what a value of k looks like.
func (k *Key) wanted() string {
	switch k.Kind {
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Seconds:
		return "a whole number of seconds"
	case Number:
		return "a number"
	case Duration:
		return "a duration such as 5m"
	case List:
		return "a list of texts"
	case Enum:
		return "one of " + strings.Join(k.Values, ", ")
	default:
		return "a text"
	}
}

func describe(n *yamldoc.Node) string {
	if n.IsScalar() && n.Kind != yamldoc.KindNull {
		return strconv.Quote(n.Text)
	}
	return "a " + n.Kind.String()
}

// valueOf returns n as the value of key: a string as a flag takes it, or a list of strings; nil for null, which is as if the key were not
// there.
func valueOf(key *Key, n *yamldoc.Node) (value any, ok bool) {
	switch {
	case n.Kind == yamldoc.KindNull:
		return nil, true
	case key.Kind == List:
		return listOf(n)
	case !n.IsScalar():
		return nil, false
	}
	switch key.Kind {
	case Bool:
		return strconv.FormatBool(n.Bool), n.Kind == yamldoc.KindBool
	case Int, Seconds: // in decimal: a flag reads 010 in another way than YAML does
		return strconv.FormatInt(n.Int, 10), n.Kind == yamldoc.KindInt
	case Number:
		finite := !math.IsInf(n.Float, 0) && !math.IsNaN(n.Float)
		return strconv.FormatFloat(n.Float, 'g', -1, 64), finite && (n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat)
	case Duration:
		_, err := time.ParseDuration(n.Text)
		return n.Text, err == nil
	case Enum: // off and false may be names
		return n.Text, slices.Contains(key.Values, n.Text)
	default:
		return n.Text, n.Kind == yamldoc.KindString || n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat
	}
}

// listOf returns a list of texts; a single text is a list of one.
func listOf(n *yamldoc.Node) (any, bool) {
	items := n.Items
	if n.Kind == yamldoc.KindString {
		items = []*yamldoc.Node{n}
	} else if n.Kind != yamldoc.KindSequence {
		return nil, false
	}
	out := []any{}
	for _, item := range items {
		if item.Kind != yamldoc.KindString {
			return nil, false
		}
		out = append(out, item.Text)
	}
	return out, true
}
