package pipeline

// nest runs items of its own behind its gates. State, variables and tracking are those of the whole run; its detection-item
// and field-name gates hold for every inner item, too (section 7.20).
type nest []*Item

func readNest(a *params, item *Item) transformation {
	n := a.required("items")
	if a.depth == maxNest {
		a.errorf(a.node.Pos, CodeTooDeep, a.where, "items are nested more than %d levels deep", maxNest)
		return nest(nil)
	}
	a.depth++
	defer func() { a.depth-- }()
	return nest(a.items(n, a.where+".items", item))
}

func (t nest) applyRule(r *run) error { return r.items(t) }

func (t nest) applyCorrelation(r *run) error { return r.items(t) }
