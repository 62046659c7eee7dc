package pipeline

import "github.com/rsigma-go/rsigma/compiler/sigma"

// detectionItemFailure rejects the rule at the first detection item that both gates let pass (section 7.19).
type detectionItemFailure string

func readDetectionItemFailure(a *params, _ *Item) transformation {
	return detectionItemFailure(a.requiredText("message"))
}

func (t detectionItemFailure) applyRule(r *run) error {
	return r.each(func(*sigma.Item) (sigma.Node, error) { return nil, fail(CodeRuleFailure, "%s", string(t)) })
}
