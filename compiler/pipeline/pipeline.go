package pipeline

import (
	"cmp"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Pipeline is one pipeline document, or several that Merge has put together. It is not changed after it was made and may be
// used by several goroutines.
type Pipeline struct {
	Name     string // may be empty
	File     string // the file or built-in name it was read from; empty after Merge
	Priority int

	AllowedBackends []string // empty means all
	Vars            []Var    // in source order, names unique
	Items           []*Item
	QueryStages     int // entries of postprocessing and finalizers, which are checked and then ignored
}

// Var is a named list of placeholder values.
type Var struct {
	Name    string
	Pos     diag.Pos
	Members []*yamldoc.Node // scalars, as far as the document is right
	Dynamic bool            // made of a dynamic source, so that it may be empty
	Sources []string        // ids of the sources that it refers or referred to, sorted
}

// Item is a processing item: a transformation and the gates before it.
type Item struct {
	ID    string // may be empty
	Type  string // as registered; empty for an include that Expand has not replaced
	Pos   diag.Pos
	Label string // where it stands, for messages: pipeline 'x': transformations[3] (id 'map')

	rules  gate[ruleSubject]
	items  gate[itemSubject]
	fields gate[fieldSubject]
	outer  *Item // the nest that it stands in; nil at the top

	apply   transformation
	include *reference // nil unless Type is empty
	sources []string   // ids of the sources of the include it came from
}

// label names p in messages.
func (p *Pipeline) label() string { return cmp.Or(p.Name, p.File) }

// Merge returns the effective pipeline of ps, given in command-line order: sorted by priority, lower first, ties in the
// given order; items are joined, and of equally named variables the last wins (section 3.4). ps is not changed. The result
// has no name, file or backends of its own.
func Merge(ps []*Pipeline) *Pipeline {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b *Pipeline) int { return cmp.Compare(a.Priority, b.Priority) })
	out := &Pipeline{}
	for _, p := range sorted {
		out.Items = append(out.Items, p.Items...)
		out.QueryStages += p.QueryStages
		for _, v := range p.Vars {
			out.setVar(v)
		}
	}
	return out
}

// setVar adds v or replaces the variable of its name.
func (p *Pipeline) setVar(v Var) {
	for i := range p.Vars {
		if p.Vars[i].Name == v.Name {
			p.Vars[i] = v
			return
		}
	}
	p.Vars = append(p.Vars, v)
}

// backendNames are the names under which pipelines may mean this engine.
var backendNames = []string{"rsigma", "eval", "engine"}

// Check looks at pipelines that are to be used together. It reports to log those that are meant for other backends, as
// warnings or, if strict, as errors (section 3.4), and built-in ones that do not go together. It returns those that may run.
func Check(ps []*Pipeline, strict bool, log *diag.List) []*Pipeline {
	var out []*Pipeline
	for _, p := range ps {
		pos := diag.Pos{File: p.File}
		switch {
		case p.allowed():
		case strict:
			log.Errorf(pos, CodeBackendNotAllowed, "pipeline '%s' is not allowed for backend 'rsigma'", p.label())
			continue
		default:
			log.Warnf(pos, CodeBackend, "pipeline '%s' is not allowed for backend 'rsigma'; it is used nevertheless", p.label())
		}
		out = append(out, p)
	}
	if hasBuiltin(ps, "ecs_windows") && hasBuiltin(ps, "windows_evtx_json") {
		log.Warnf(diag.Pos{}, CodeTwoShapes, "pipelines 'ecs_windows' and 'windows_evtx_json' describe different events; the one that runs first renames the fields")
	}
	return out
}

func hasBuiltin(ps []*Pipeline, name string) bool {
	return slices.ContainsFunc(ps, func(p *Pipeline) bool { return p.File == name && p.Name == name })
}

func (p *Pipeline) allowed() bool {
	return len(p.AllowedBackends) == 0 || slices.ContainsFunc(p.AllowedBackends, func(name string) bool {
		return slices.Contains(backendNames, name)
	})
}
