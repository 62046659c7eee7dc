package ir

import "github.com/rsigma-go/rsigma/rtlib"

// Seal sets the digest of r from its text. Nothing that Text prints may change afterwards.
func (r *Rule) Seal() { r.Meta.Digest = rtlib.Digest(r.Text()) }

// Digest identifies the rule set, as rtlib.SetDigest does: detection rules first, then correlations.
func (p *Program) Digest() string {
	digests := make([]string, 0, len(p.Rules)+len(p.Correlations))
	for _, r := range p.Rules {
		digests = append(digests, r.Meta.Digest)
	}
	for _, c := range p.Correlations {
		digests = append(digests, c.Rule.Meta.Digest)
	}
	return rtlib.SetDigest(digests)
}
