package ir

import "github.com/rsigma-go/rsigma/rtlib"

// Seal sets the digest of r from its text. Nothing that Text prints may change afterwards.
func (r *Rule) Seal() { r.Meta.Digest = rtlib.Digest(r.Text()) }

// Digest identifies the rule set, as rtlib.SetDigest does.
func (p *Program) Digest() string {
	rules := make([]*rtlib.Rule, len(p.Rules))
	for i, r := range p.Rules {
		rules[i] = &rtlib.Rule{Meta: r.Meta}
	}
	return rtlib.SetDigest(rules)
}
