package conformance

import (
	"fmt"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// documentText returns the mapping n as the text of a YAML document: one line per key, everything below it in flow style.
// Types and the order of keys stay: strings and keys are quoted, other scalars keep their source text.
func documentText(n *yamldoc.Node) string {
	if len(n.Pairs) == 0 {
		return flow(n) + "\n"
	}
	var b strings.Builder
	for _, p := range n.Pairs {
		b.WriteString(quoteYAML(p.Key) + ": ")
		writeFlow(&b, p.Value)
		b.WriteByte('\n')
	}
	return b.String()
}

func flow(n *yamldoc.Node) string {
	var b strings.Builder
	writeFlow(&b, n)
	return b.String()
}

func writeFlow(b *strings.Builder, n *yamldoc.Node) {
	switch n.Kind {
	case yamldoc.KindNull:
		b.WriteString("null")
	case yamldoc.KindString:
		b.WriteString(quoteYAML(n.Text))
	case yamldoc.KindMapping:
		b.WriteByte('{')
		for i, p := range n.Pairs {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoteYAML(p.Key) + ": ")
			writeFlow(b, p.Value)
		}
		b.WriteByte('}')
	case yamldoc.KindSequence:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			writeFlow(b, item)
		}
		b.WriteByte(']')
	default:
		b.WriteString(n.Text)
	}
}

// quoteYAML returns s as a double-quoted YAML scalar in printable ASCII.
func quoteYAML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
