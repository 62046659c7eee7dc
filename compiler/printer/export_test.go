package printer

import "github.com/rsigma-go/rsigma/compiler/sigma"

// Respelled is Rule with a spelling of the package's own for every item.
func Respelled(r *sigma.Rule) Document { return rule(r, true) }
