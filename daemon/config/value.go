package config

import (
	"strconv"
	"time"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// wanted are the kinds as messages name them.
var wanted = map[Kind]string{
	String: "a text", Bool: "true or false", Int: "a whole number", Number: "a number", Duration: "a duration such as 5m", List: "a list of texts",
}

func describe(n *yamldoc.Node) string {
	if n.IsScalar() && n.Kind != yamldoc.KindNull {
		return strconv.Quote(n.Text)
	}
	return "a " + n.Kind.String()
}

// valueOf returns n as the value of key: a string, or a list of strings; nil for null, which is as if the key were not there.
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
		ok = n.Kind == yamldoc.KindBool
	case Int:
		ok = n.Kind == yamldoc.KindInt
	case Number:
		ok = n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat
	case Duration:
		_, err := time.ParseDuration(n.Text)
		ok = err == nil
	default:
		ok = n.Kind == yamldoc.KindString || n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat
	}
	return n.Text, ok
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
