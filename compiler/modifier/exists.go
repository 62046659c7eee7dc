package modifier

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// exists types the boolean of the modifier "exists" (section 8.10). It returns nil after an error.
func (a *applier) exists(n *yamldoc.Node) sigma.Value {
	if n.Kind == yamldoc.KindBool {
		return sigma.Exists{Want: n.Bool}
	}
	if n.Kind == yamldoc.KindString {
		switch strings.ToLower(n.Text) {
		case "true", "yes":
			return sigma.Exists{Want: true}
		case "false", "no":
			return sigma.Exists{Want: false}
		}
	}
	a.errorf(n.Pos, diag.CodeExpectedABoolean, "modifier exists expected a boolean, not %q", n.Text)
	return nil
}
