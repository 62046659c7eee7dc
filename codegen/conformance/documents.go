package conformance

import (
	"bytes"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Documents is the rule file of a case, put together from the parts that the case names.
type Documents struct {
	// Name is the path that the compiler sees: <suite>/<number>_<case>.yml, unique in a run.
	Name string
	// Text is the YAML text.
	Text []byte

	parts []part
}

// part is a piece of the text of a case.
type part struct {
	name  string   // what the compiler calls it, if it is a file of its own
	first int      // its first line, 1-based
	pos   diag.Pos // where that line comes from
	exact bool     // the lines after it come from the lines after pos
}

// textPart returns the place of the text that the string n holds. The lines of a block scalar begin below its indicator.
func textPart(n *yamldoc.Node) part {
	p := part{pos: n.Pos, exact: n.Block}
	if n.Block {
		p.pos.Line++
	}
	return p
}

// add appends text, a YAML stream that comes from pos. Parts are parted by document markers; a part alone stays as it is,
// byte order mark included.
func (d *Documents) add(text string, pos diag.Pos, exact bool) {
	if len(d.parts) > 0 {
		if !bytes.HasSuffix(d.Text, []byte("\n")) {
			d.Text = append(d.Text, '\n')
		}
		d.Text = append(d.Text, "---\n"...)
		text = strings.TrimPrefix(text, "\uFEFF")
	}
	d.parts = append(d.parts, part{first: bytes.Count(d.Text, []byte("\n")) + 1, pos: pos, exact: exact})
	d.Text = append(d.Text, text...)
}

// position returns where the place p of d.Text was written.
func (d *Documents) position(p diag.Pos) diag.Pos {
	if p.File != d.Name || len(d.parts) == 0 {
		return p
	}
	from := d.parts[0]
	for _, next := range d.parts[1:] {
		if next.first > p.Line {
			break
		}
		from = next
	}
	out := from.pos
	if from.exact && p.Line >= from.first {
		out.Line, out.Col = from.pos.Line+p.Line-from.first, 1
	}
	return out
}

// position returns where the place p of a document or an inline pipeline of the case was written.
func (c *Case) position(p diag.Pos) diag.Pos {
	for _, in := range c.inline {
		if p.File != in.name {
			continue
		}
		out := in.pos
		if in.exact && p.Line > 0 {
			out.Line, out.Col = in.pos.Line+p.Line-1, 1
		}
		return out
	}
	return c.Documents.position(p)
}

// diagnostic returns g with its position where the user wrote the text.
func (c *Case) diagnostic(g diag.Diagnostic) diag.Diagnostic {
	g.Pos = c.position(g.Pos)
	return g
}
