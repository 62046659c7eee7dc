// Package opt simplifies IR without changing what it means. Each pass has a file of its own and is listed here in the order
// in which the passes run; none of them touches what a rule reports (selections keep their operands, shape and names, conditions
// as written stay), so the digest of a rule does not depend on them.
package opt

import "github.com/rsigma-go/rsigma/compiler/ir"

// pass rewrites one rule in place.
type pass struct {
	name string
	run  func(*ir.Rule)
}

var passes = []pass{
	{"conditions", simplifyCondition},
}

// Run applies all passes to all rules of p.
func Run(p *ir.Program) {
	for _, r := range p.Rules {
		for _, pass := range passes {
			pass.run(r)
		}
	}
}
