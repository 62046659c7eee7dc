package pipeline

// ruleFailure rejects the rule with a message (section 7.19).
type ruleFailure string

func readRuleFailure(a *params, _ *Item) transformation {
	return ruleFailure(a.requiredText("message"))
}

func (t ruleFailure) applyRule(*run) error { return fail(CodeRuleFailure, "%s", string(t)) }

func (t ruleFailure) applyCorrelation(*run) error { return fail(CodeRuleFailure, "%s", string(t)) }
