package pipeline

// The condition processing_item_applied asks the tracking of what it judges: the rule, a detection item, or a field name
// (sections 5 and 6).

type ruleApplied string

func readRuleApplied(a *params) check[ruleSubject] {
	return ruleApplied(a.requiredText("processing_item_id"))
}

func (c ruleApplied) holds(r *run, _ ruleSubject) (bool, error) {
	return r.applied.has(string(c)), nil
}

type itemApplied string

func readItemApplied(a *params) check[itemSubject] {
	return itemApplied(a.requiredText("processing_item_id"))
}

func (c itemApplied) holds(r *run, s itemSubject) (bool, error) {
	return r.itemIDs[s.item].has(string(c)), nil
}

type fieldApplied string

func readFieldApplied(a *params) check[fieldSubject] {
	return fieldApplied(a.requiredText("processing_item_id"))
}

func (c fieldApplied) holds(r *run, s fieldSubject) (bool, error) {
	if s.item != nil {
		return r.itemIDs[s.item].has(string(c)), nil
	}
	return r.nameIDs[s.name].has(string(c)), nil
}
