package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// run is the state of one document on its way through a pipeline. Exactly one of rule and correlation is set; they are
// private copies.
type run struct {
	pipeline *Pipeline
	options  Options
	log      *diag.List
	id       string // of the document

	rule        *sigma.Rule
	filters     []*sigma.Filter
	correlation *sigma.Correlation
	groups      [][]string         // group-by: the alternatives of each key part
	sources     []*sigma.LogSource // of the rules that the correlation references, at any depth

	current  *Item // innermost item at work
	applied  idSet
	itemIDs  map[*sigma.Item]*idSet
	nameIDs  map[string]*idSet
	moves    []nameMove // of the item at work
	state    map[string]*yamldoc.Node
	mappings mappingLog
	vars     []string // names of the variables that were used
	growth
}

// idSet is a small set of item ids in the order they came. The empty id is never in it.
type idSet struct{ ids []string }

func (s *idSet) add(id string) {
	if id != "" && !s.has(id) {
		s.ids = append(s.ids, id)
	}
}

func (s *idSet) has(id string) bool { return s != nil && slices.Contains(s.ids, id) }

// header returns the attributes of the document.
func (r *run) header() *sigma.Header {
	if r.rule != nil {
		return &r.rule.Header
	}
	return &r.correlation.Header
}

// failure is a reason why a rule is rejected.
type failure struct {
	code diag.Code
	msg  string
	item *Item // where it happened; set by run.items
}

// Error returns the reason.
func (f *failure) Error() string { return f.msg }

// fail makes a failure.
func fail(code diag.Code, format string, args ...any) error {
	return &failure{code: code, msg: fmt.Sprintf(format, args...)}
}

// items runs items in order. The first failure ends the run.
func (r *run) items(items []*Item) error {
	for _, item := range items {
		if err := r.item(item); err != nil {
			return located(err, item)
		}
	}
	return nil
}

// item runs one item (section 4).
func (r *run) item(item *Item) error {
	ok, err := item.rules.holds(r, ruleSubject{})
	if err != nil || !ok {
		return err
	}
	outer := r.current
	r.current = item
	defer func() { r.current = outer }()
	if r.rule != nil {
		err = item.apply.applyRule(r)
	} else if t, ok := item.apply.(correlationTransformation); ok {
		err = t.applyCorrelation(r)
	}
	r.applied.add(item.ID)
	return err
}

// located notes the innermost item of a failure.
func located(err error, item *Item) error {
	if f, ok := errors.AsType[*failure](err); ok && f.item == nil {
		f.item = item
	}
	return err
}

// warn reports a warning of the item at work.
func (r *run) warn(code diag.Code, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	d := r.log.Warnf(r.current.Pos, code, "%s: rule \"%s\": %s", r.current.Label, r.header().Title, msg)
	d.RuleID = r.id
}

// acceptsItem reports whether the detection-item gates of the item at work and of the nests around it let it pass.
func (r *run) acceptsItem(it *sigma.Item) (bool, error) {
	for item := r.current; item != nil; item = item.outer {
		if ok, err := item.items.holds(r, itemSubject{it}); !ok {
			return false, err
		}
	}
	return true, nil
}

// acceptsField reports whether the field-name gates of the item at work and of the nests around it let s pass.
func (r *run) acceptsField(s fieldSubject) (bool, error) {
	for item := r.current; item != nil; item = item.outer {
		if ok, err := item.fields.holds(r, s); !ok {
			return false, err
		}
	}
	return true, nil
}

// acceptsName is acceptsField for a bare name.
func (r *run) acceptsName(name string) (bool, error) { return r.acceptsField(fieldSubject{name: name}) }

// accepts reports whether both gates let it pass: the field gate lets an item pass if it accepts its field or one of the
// fields that its values refer to (section 4.1).
func (r *run) accepts(it *sigma.Item) (bool, error) {
	ok, err := r.acceptsItem(it)
	if err != nil || !ok {
		return false, err
	}
	ok, err = r.acceptsField(subjectOf(it))
	for i := 0; err == nil && !ok && i < len(it.Values); i++ {
		if ref, isRef := it.Values[i].(sigma.FieldRef); isRef {
			ok, err = r.acceptsName(ref.Field)
		}
	}
	return ok, err
}

// subjectOf returns the field of it for a field-name gate.
func subjectOf(it *sigma.Item) fieldSubject {
	name, _ := splitField(it.Field)
	return fieldSubject{name: name, keyword: it.Field.Kind == sigma.FieldKeyword, item: it}
}

// mark notes that the item at work changed it.
func (r *run) mark(it *sigma.Item) {
	set := r.itemIDs[it]
	if set == nil {
		set = &idSet{}
		r.itemIDs[it] = set
	}
	set.add(r.current.ID)
}

// nameMove is a bare name that a renaming turned into others.
type nameMove struct {
	from string
	to   []string
}

// moveName notes that the item at work renamed the bare name from. A renaming to itself does not count.
func (r *run) moveName(from string, to []string) {
	same := func(m nameMove) bool { return m.from == from }
	if len(to) == 1 && to[0] == from || slices.ContainsFunc(r.moves, same) {
		return
	}
	r.moves = append(r.moves, nameMove{from, to})
}

// moveNames moves the tracking of the names that were renamed to their new names, with the id of the item at work. It waits
// until the item is done, since a name may stand in several places.
func (r *run) moveNames() {
	moved := map[string]*idSet{}
	for _, m := range r.moves {
		for _, name := range m.to {
			if moved[name] == nil {
				moved[name] = &idSet{}
			}
			if old := r.nameIDs[m.from]; old != nil {
				moved[name].ids = union(moved[name].ids, old.ids)
			}
			moved[name].add(r.current.ID)
		}
	}
	for _, m := range r.moves {
		delete(r.nameIDs, m.from)
	}
	for name, set := range moved {
		if old := r.nameIDs[name]; old != nil {
			set.ids = union(old.ids, set.ids)
		}
		r.nameIDs[name] = set
	}
	r.moves = nil
}

// mappingLog records which field names of detection items were mapped to which (section 7.1).
type mappingLog struct{ targets map[string][]string }

// add records a mapping. Where from was a target before, the new targets take its place.
func (m *mappingLog) add(from string, to []string) {
	if m.targets == nil {
		m.targets = map[string][]string{}
	}
	for source, targets := range m.targets {
		if i := slices.Index(targets, from); i >= 0 {
			m.targets[source] = union(slices.Delete(slices.Clone(targets), i, i+1), to)
		}
	}
	m.targets[from] = union(m.targets[from], to)
}

// knows reports whether name is a source or a target.
func (m *mappingLog) knows(name string) bool {
	if _, ok := m.targets[name]; ok {
		return true
	}
	for _, targets := range m.targets {
		if slices.Contains(targets, name) {
			return true
		}
	}
	return false
}

// union returns a with those of b that it does not have.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
