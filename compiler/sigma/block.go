package sigma

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// key is the key of an entry, or the part of one after a quantifier.
type key struct {
	path      string
	pos       diag.Pos
	modifiers []Modifier
}

// pathEntry reads an entry whose field may hold array selectors (section 11). It returns nil after an error.
func (r *reader) pathEntry(k key, value *yamldoc.Node, inBlock bool) Node {
	if k.path == "." {
		if !inBlock {
			r.errorf(k.pos, diag.CodeArraySelector, "array selector: \".\" names a member and has no meaning outside a block")
			return nil
		}
		return r.item(k.pos, Field{Kind: FieldSelf, Name: "."}, k.modifiers, value)
	}
	p, problem := parsePath(k.path)
	if problem != nil {
		r.errorf(k.pos, diag.CodeArraySelector, "array selector in %q: %s", k.path, problem.text).Hint = problem.hint
		return nil
	}
	scoped := value.Kind == yamldoc.KindMapping
	switch {
	case p.quantified && p.hasRest:
		body := &Group{Pos: k.pos}
		body.add(r.pathEntry(key{p.rest, k.pos, k.modifiers}, value, true))
		return &Block{Pos: k.pos, Field: p.field, Quant: p.quant, Body: body}
	case scoped && (p.quantified || p.element):
		return r.block(k, p, value)
	case p.quantified:
		body := &Group{Pos: k.pos}
		body.add(r.item(k.pos, Field{Kind: FieldSelf, Name: "."}, k.modifiers, value))
		return &Block{Pos: k.pos, Field: p.field, Quant: p.quant, Body: body}
	}
	return r.item(k.pos, p.field, k.modifiers, value)
}

// block reads a mapping under a quantified or indexed key, in its simple or its extended form. It returns nil after an error
// in the key.
func (r *reader) block(k key, p path, body *yamldoc.Node) Node {
	if len(k.modifiers) > 0 {
		m := k.modifiers[0]
		r.errorf(m.Pos, diag.CodeArraySelector, "array selector: a block cannot have the modifier %q", m.Name).Hint = "give the modifier to the keys inside the block"
		return nil
	}
	b := &Block{Pos: k.pos, Field: p.field, Quant: p.quant}
	if !p.quantified {
		b.Quant = QuantElement
	}
	if body.Get("condition") == nil {
		b.Body = r.group(body, true)
		return b
	}
	b.Detections = r.detections(body, true, "condition")
	if len(b.Detections) == 0 {
		r.errorf(body.Pos, diag.CodeNoDetections, "no detections beside the condition of a block")
	}
	b.Conditions = r.conditions(body, b.Detections)
	return b
}
