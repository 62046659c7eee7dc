package codegen

import (
	"path"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/rtlib"
)

// ruleWriter writes the file of one rule.
type ruleWriter struct {
	*goFile
	rule       *ruleCode
	selections map[string]string     // the function of each selection
	leaves     map[rtlib.Expr]string // the variable of each predicate and array block
	err        error
}

// file returns the file of r.
func (r *ruleCode) file() (File, error) {
	w := &ruleWriter{rule: r, selections: map[string]string{}, leaves: map[rtlib.Expr]string{}}
	w.goFile = newGoFile(path.Join(r.pkg.dir, r.name+"_gen.go"), path.Base(r.pkg.dir), r.source)
	w.nameSelections()
	w.comment(r.doc()...)
	match, called := conditionCode(r.Match, w.function), map[string]bool{}
	match.calls(called)
	w.predicate(r.name, match)
	for _, s := range r.Selections {
		w.selection(s, called[w.function(s.Name)])
	}
	w.code.Line()
	w.variable(r.variable(), w.table())
	if w.err != nil {
		return File{}, w.err
	}
	return w.render()
}

// variable returns the name of the variable that holds the rule.
func (r *ruleCode) variable() string { return r.name + sep + "rule" }

// doc returns the doc comment of the rule's function.
func (r *ruleCode) doc() []string {
	d := newDocComment(r.name, "Sigma rule", &r.Meta)
	d.add("source", r.source)
	d.add("digest", r.Meta.Digest)
	for _, c := range r.ConditionTexts {
		d.add("condition", c)
	}
	return d
}

// docComment is a doc comment in lines. What comes from the rule is escaped.
type docComment []string

func newDocComment(name, kind string, m *rtlib.Meta) docComment {
	d := docComment{name + " is the " + kind + " " + commentQuoted(m.Title) + ".", ""}
	d.add("id", m.ID)
	d.add("level", m.Level)
	return d
}

// add adds a line, unless value is empty.
func (d *docComment) add(key, value string) {
	if value != "" {
		*d = append(*d, "\t"+key+strings.Repeat(" ", 11-len(key))+commentText(value))
	}
}

// nameSelections names the function of each selection.
func (w *ruleWriter) nameSelections() {
	names, keys := make([]string, len(w.rule.Selections)), make([]string, len(w.rule.Selections))
	for i, s := range w.rule.Selections {
		names[i], keys[i] = selectionName(s.Name), s.Name
	}
	for i, name := range distinct(names, keys, exactly) {
		w.selections[keys[i]] = w.rule.name + sep + name
	}
}

func (w *ruleWriter) function(selection string) string { return w.selections[selection] }

func (w *ruleWriter) leaf(x rtlib.Expr) string { return w.leaves[x] }

// selection writes the variables of s and, if the rule calls it, the function.
func (w *ruleWriter) selection(s rtlib.Selection, called bool) {
	order := w.nameLeaves(s)
	if called {
		w.code.Line()
		w.predicate(w.function(s.Name), expressionCode(s.Body, w.leaf))
	}
	for _, x := range order {
		w.code.Line()
		w.variable(w.leaf(x), w.leafValue(x))
	}
}

// nameLeaves names the variables of the predicates and array blocks of s that have none yet, and returns them in order. The
// second of a field in the selection gets number 2, and so on.
func (w *ruleWriter) nameLeaves(s rtlib.Selection) (order []rtlib.Expr) {
	taken := map[string]bool{}
	rtlib.Walk(s.Body, func(x rtlib.Expr) {
		field := leafField(x)
		if field == "" || w.leaves[x] != "" {
			return
		}
		base := w.function(s.Name) + sep + fieldPart(field)
		name := base
		for n := 2; taken[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
		}
		taken[name] = true
		w.leaves[x] = name
		order = append(order, x)
	})
	return order
}

// table returns the value of the rule's variable.
func (w *ruleWriter) table() *jen.Statement {
	r := w.rule
	items := []jen.Code{entry("Meta", r.meta(&r.Meta)), entry("Match", jen.Id(r.name))}
	if len(r.Selections) > 0 {
		selections := make([]jen.Code, len(r.Selections))
		for i, s := range r.Selections {
			parts := []jen.Code{entry("Name", text(s.Name))}
			if s.Hidden {
				parts = append(parts, entry("Hidden", jen.True()))
			}
			selections[i] = inline(append(parts, entry("Body", w.exprValue(s.Body)))...)
		}
		items = append(items, entry("Selections", jen.Index().Add(runtime("Selection")).Add(list(selections...))))
	}
	if len(r.Conditions) > 0 {
		conditions := make([]jen.Code, len(r.Conditions))
		for i, c := range r.Conditions {
			conditions[i] = condValue(c)
		}
		items = append(items, entry("Conditions", jen.Index().Add(runtime("Cond")).Add(list(conditions...))))
	}
	return runtime("Rule").Add(list(items...))
}

// meta returns the value of a Meta.
func (d *document) meta(m *rtlib.Meta) *jen.Statement {
	var items entries
	items.text("Title", m.Title)
	items.text("ID", m.ID)
	items.text("Level", m.Level)
	if len(m.Tags) > 0 {
		items = append(items, entry("Tags", texts(m.Tags)))
	}
	if !m.LogSource.IsZero() {
		items = append(items, entry("LogSource", logSource(m.LogSource)))
	}
	items.text("Custom", m.Custom)
	if m.IncludeEvent {
		items = append(items, entry("IncludeEvent", jen.True()))
	}
	items.text("Source", d.source)
	items.text("Digest", m.Digest)
	return runtime("Meta").Add(list(items...))
}

func logSource(l rtlib.LogSource) *jen.Statement {
	var items entries
	items.text("Category", l.Category)
	items.text("Product", l.Product)
	items.text("Service", l.Service)
	if len(l.Custom) > 0 {
		dims := make([]jen.Code, len(l.Custom))
		for i, d := range l.Custom {
			dims[i] = inline(entry("Key", text(d.Key)), entry("Value", text(d.Value)))
		}
		items = append(items, entry("Custom", jen.Index().Add(runtime("Dimension")).Add(list(dims...))))
	}
	return runtime("LogSource").Add(inline(items...))
}
