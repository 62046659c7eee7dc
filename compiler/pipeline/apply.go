package pipeline

import (
	"errors"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// defaultMaxProduct is the number of values that the placeholders of one item may expand to (section 8).
const defaultMaxProduct = 100_000

// Links is what package link found out about a set of documents and pipelines have to know.
type Links struct {
	Filters map[*sigma.Rule][]*sigma.Filter            // filters attached to each rule
	Refs    map[*sigma.Correlation][][]*sigma.Document // documents behind each reference of a correlation
}

// Options are the choices of section 8.
type Options struct {
	// MaxProduct bounds the values that the placeholders of one item may expand to; 0 means 100,000.
	MaxProduct int
	// External fetches the values of file, HTTP and command placeholders. nil means that they are not allowed.
	External func(External) ([]string, error)
}

// Result is what pipelines made of a set of documents. Nothing in it is shared with the input but what neither may change.
type Result struct {
	Docs  []*sigma.Document // as many as went in, in the same order
	Links Links             // as those that went in, with the new rules and documents
	Notes map[*sigma.Document]Notes
}

// Notes is what else there is to know about a document that went through pipelines.
type Notes struct {
	Applied []string // ids of the items that ran, in order of their first run
	// GroupBy holds, for a correlation, the alternative names of each key part in order (section 10). The correlation's own
	// GroupBy lists them all.
	GroupBy [][]string
	Vars    []string // variables whose values went into the document, in order of their first use
	Sources []string // ids of the dynamic sources that these variables and the included items come from, sorted
}

// Apply runs p over docs, which package modifier has typed and package link has linked, detection rules first and every
// correlation after what it references (sections 4 and 10). Documents that fail are reported to log and are Failed in the
// result, without trees; documents that came in Failed and filter documents are passed on. The input is not changed.
func (p *Pipeline) Apply(docs []*sigma.Document, links Links, options Options, log *diag.List) *Result {
	if options.MaxProduct == 0 {
		options.MaxProduct = defaultMaxProduct
	}
	a := &application{
		pipeline: p, options: options, log: log, links: links, done: map[*sigma.Document]*sigma.Document{},
		result: &Result{
			Links: Links{Filters: map[*sigma.Rule][]*sigma.Filter{}, Refs: map[*sigma.Correlation][][]*sigma.Document{}},
			Notes: map[*sigma.Document]Notes{},
		},
	}
	for _, d := range docs {
		if d.Kind != sigma.KindCorrelation {
			a.document(d)
		}
	}
	for _, d := range docs {
		a.result.Docs = append(a.result.Docs, a.document(d))
	}
	return a.result
}

// application is one call of Apply.
type application struct {
	pipeline *Pipeline
	options  Options
	log      *diag.List
	links    Links
	done     map[*sigma.Document]*sigma.Document
	result   *Result
}

// document returns what becomes of d, and makes it if that was not done yet.
func (a *application) document(d *sigma.Document) *sigma.Document {
	if out, ok := a.done[d]; ok {
		return out
	}
	a.done[d] = d // against circles, which package link rejects
	out := d
	switch {
	case d.Failed:
	case d.Rule != nil:
		out = a.rule(d)
	case d.Correlation != nil:
		out = a.correlation(d)
	}
	a.done[d] = out
	return out
}

func (a *application) newRun(d *sigma.Document) *run {
	return &run{
		pipeline: a.pipeline, options: a.options, log: a.log, id: d.ID,
		itemIDs: map[*sigma.Item]*idSet{}, nameIDs: map[string]*idSet{}, state: map[string]*yamldoc.Node{},
	}
}

// rule processes a detection rule with its filters.
func (a *application) rule(d *sigma.Document) *sigma.Document {
	r := a.newRun(d)
	r.rule = cloneRule(d.Rule)
	for _, f := range a.links.Filters[d.Rule] {
		r.filters = append(r.filters, cloneFilter(f))
	}
	r.bareKeywords()
	err := r.items(a.pipeline.Items)
	if err == nil {
		r.searchKeywords()
		err = r.finish()
	}
	if err != nil {
		return a.failed(d, err)
	}
	out := *d
	out.Rule = r.rule
	if len(r.filters) > 0 {
		a.result.Links.Filters[r.rule] = r.filters
	}
	a.note(&out, r)
	return &out
}

// correlation processes a correlation after the documents that it references.
func (a *application) correlation(d *sigma.Document) *sigma.Document {
	refs := a.links.Refs[d.Correlation]
	linked := make([][]*sigma.Document, len(refs))
	for i, group := range refs {
		for _, ref := range group {
			out := a.document(ref)
			if out.Failed {
				return a.failed(d, fail(CodeFailedReference, "the referenced rule \"%s\" was rejected", ref.Title))
			}
			linked[i] = append(linked[i], out)
		}
	}
	r := a.newRun(d)
	r.correlation = cloneCorrelation(d.Correlation)
	for _, name := range r.correlation.GroupBy {
		r.groups = append(r.groups, []string{name})
	}
	r.sources = logSources(linked, a.result.Links.Refs, nil)
	if err := r.items(a.pipeline.Items); err != nil {
		return a.failed(d, err)
	}
	r.correlation.GroupBy = slices.Concat(r.groups...)
	out := *d
	out.Correlation = r.correlation
	a.result.Links.Refs[r.correlation] = linked
	a.note(&out, r)
	return &out
}

// logSources appends the log sources of the rules behind refs, at any depth, to out.
func logSources(refs [][]*sigma.Document, all map[*sigma.Correlation][][]*sigma.Document, out []*sigma.LogSource) []*sigma.LogSource {
	for _, group := range refs {
		for _, d := range group {
			switch {
			case d.Rule != nil:
				out = append(out, &d.Rule.LogSource)
			case d.Correlation != nil:
				out = logSources(all[d.Correlation], all, out)
			}
		}
	}
	return out
}

// note keeps what is to know about the finished document d.
func (a *application) note(d *sigma.Document, r *run) {
	a.result.Notes[d] = Notes{Applied: r.applied.ids, GroupBy: r.groups, Vars: r.vars, Sources: a.pipeline.sourcesFor(r.vars)}
}

// failed reports why d is rejected and returns its rest.
func (a *application) failed(d *sigma.Document, err error) *sigma.Document {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{code: CodeRuleFailure, msg: err.Error()}
	}
	prefix := "rule \"" + d.Title + "\": "
	if f.item != nil {
		prefix += f.item.Label + ": "
	}
	report := a.log.Errorf(d.Pos, f.code, "%s%s", prefix, f.msg)
	report.RuleID = d.ID
	if f.item != nil {
		report.Notes = append(report.Notes, "the pipeline item is at "+f.item.Pos.String())
	}
	out := *d
	out.Failed, out.Rule, out.Correlation, out.Filter = true, nil, nil, nil
	return &out
}
