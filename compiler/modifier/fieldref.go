package modifier

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var refOps = map[string]sigma.RefOp{
	"":           sigma.RefEqual,
	"contains":   sigma.RefContains,
	"startswith": sigma.RefStartsWith,
	"endswith":   sigma.RefEndsWith,
}

// fieldRef types the name of another field (section 8.8). It returns nil after an error.
func (a *applier) fieldRef(c *chain, n *yamldoc.Node) sigma.Value {
	text, ok := a.scalarText(n, "modifier fieldref")
	if !ok {
		return nil
	}
	field, ok := literalText(ReadPattern(text))
	if !ok {
		a.errorf(n.Pos, diag.CodeWildcardNotAllowed, "wildcard not allowed in the field name %q under modifier fieldref", text)
		return nil
	}
	return sigma.FieldRef{Field: field, Op: refOps[c.operator], Cased: c.cased}
}
