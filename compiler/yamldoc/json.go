package yamldoc

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// JSON renders n as JSON text, types and key order kept. Numbers that JSON cannot express become null.
func JSON(n *Node) string {
	var b strings.Builder
	writeJSON(&b, n)
	return b.String()
}

// QuoteJSON returns s as a JSON string literal. Characters that matter only to HTML are left alone.
func QuoteJSON(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func writeJSON(b *strings.Builder, n *Node) {
	switch {
	case n == nil || n.Kind == KindNull:
		b.WriteString("null")
	case n.Kind == KindBool:
		b.WriteString(strconv.FormatBool(n.Bool))
	case n.Kind == KindInt:
		b.WriteString(strconv.FormatInt(n.Int, 10))
	case n.Kind == KindFloat:
		b.WriteString(floatJSON(n.Float))
	case n.Kind == KindString:
		b.WriteString(QuoteJSON(n.Text))
	case n.Kind == KindMapping:
		b.WriteByte('{')
		for i, p := range n.Pairs {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(QuoteJSON(p.Key) + ":")
			writeJSON(b, p.Value)
		}
		b.WriteByte('}')
	default:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, item)
		}
		b.WriteByte(']')
	}
}

// floatJSON keeps a fraction or an exponent, so that a double is read back as a double.
func floatJSON(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return "null"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}
