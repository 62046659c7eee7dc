// Package rulediff compares two versions of a rule set by what their rules mean: which were added and removed, which differ in
// text only, in what they report, or in what they match. For the last it looks for events that one version matches and the other
// does not. It reads no files and prints nothing; "rsigmac diff" does.
package rulediff

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

// Version is one version of a rule set. Both versions name their files alike.
type Version struct {
	Program *ir.Program
	Texts   map[string][]byte // of the rule files, by name
}

// Kind says how a rule changed.
type Kind string

// The kinds, the gravest first.
const (
	Removed Kind = "removed" // it is gone, or no longer runs
	Meaning Kind = "meaning" // what it matches may differ
	Added   Kind = "added"
	Output  Kind = "output" // what it reports or its log source differs
	Text    Kind = "text"   // neither
)

var kinds = []Kind{Removed, Meaning, Added, Output, Text}

// Change is one rule that differs. Old is nil for an added rule, New for a removed one.
type Change struct {
	Kind     Kind
	Old, New *ir.Document
	// Note says why a rule that is there does not run, on the side where it does not.
	Note string
	// CodePath, OldCode and NewCode are the generated code; empty where there is none.
	CodePath         string
	OldCode, NewCode string
	// For Meaning: Lost is an event that only the old rule matches, Gained one that only the new one does, nil if none was found.
	// NoneLost and NoneGained say that there is none, which follows from the rules. Tried is the number of events.
	Lost, Gained         []byte
	NoneLost, NoneGained bool
	Tried                int
	// Hits on given events: of both versions, of the old one only, of the new one only, with the first of each.
	Kept, LostHits, GainedHits int
	LostHit, GainedHit         []byte
}

// Effect says in a word what became of the matches of a rule whose meaning changed.
func (c *Change) Effect() string {
	lost, gained := c.Lost != nil || c.LostHits > 0, c.Gained != nil || c.GainedHits > 0
	switch {
	case c.Kind != Meaning:
		return ""
	case lost && gained:
		return "matches other events"
	case lost:
		return "narrowed"
	case gained:
		return "widened"
	case c.NoneLost && c.NoneGained:
		return "matches the same events (proved)"
	default:
		return "no event was found that tells the versions apart"
	}
}

// Document returns the new document, or the old one of a removed rule.
func (c *Change) Document() *ir.Document {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// Moved reports whether the rule is in another place.
func (c *Change) Moved() bool {
	return c.Old != nil && c.New != nil && c.Old.File != c.New.File
}

// Report is the comparison of two versions. Changes are sorted by kind and place.
type Report struct {
	Changes   []*Change
	Unchanged int
	NotArmed  int // rules that run in neither version
	Events    int // given ones
}

// Options are the choices of a comparison.
type Options struct {
	Seed   uint64
	NoCode bool
}

// Compare compares two versions. The error says that the code of a rule cannot be generated, or that the engines disagree.
func Compare(before, after *Version, opts Options) (*Report, error) {
	rep := &Report{}
	for _, p := range pairs(before.Program, after.Program) {
		c := classify(before, after, p)
		switch {
		case c != nil:
			rep.Changes = append(rep.Changes, c)
		case armed(p.new):
			rep.Unchanged++
		default:
			rep.NotArmed++
		}
	}
	for _, c := range rep.Changes {
		if c.Kind == Meaning && c.Old.Rule != nil && c.New.Rule != nil {
			if err := c.search(opts.Seed); err != nil {
				return nil, err
			}
		}
		if !opts.NoCode && c.Kind != Text {
			if err := c.code(); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(rep.Changes, func(a, b *Change) int {
		x, y := a.Document(), b.Document()
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(x.File, y.File), cmp.Compare(x.Index, y.Index))
	})
	return rep, nil
}

// Count returns the number of changes of a kind.
func (r *Report) Count(k Kind) (n int) {
	for _, c := range r.Changes {
		if c.Kind == k {
			n++
		}
	}
	return n
}

// Fails reports whether something is in r that policy does not let pass: none, removed, narrowed, changed or any.
func (r *Report) Fails(policy string) bool {
	return slices.ContainsFunc(r.Changes, func(c *Change) bool {
		switch policy {
		case "removed":
			return c.Kind == Removed
		case "narrowed":
			return c.Kind == Removed || c.Lost != nil || c.LostHits > 0
		case "changed":
			return c.Kind != Text
		default:
			return policy == "any"
		}
	})
}

// pair is a rule in both versions; one of them may be nil.
type pair struct{ old, new *ir.Document }

func armed(d *ir.Document) bool { return d != nil && (d.Rule != nil || d.Correlation != nil) }

// pairs finds the rules of the versions that are the same: by id, else by place, else by title.
func pairs(before, after *ir.Program) []pair {
	var out []pair
	olds, news := documents(before), documents(after)
	for _, key := range []func(*ir.Document) string{
		func(d *ir.Document) string { return strings.ToLower(d.ID) },
		func(d *ir.Document) string { return fmt.Sprint(d.File, "#", d.Index) },
		func(d *ir.Document) string { return d.Title },
	} {
		byKey, twice := map[string]*ir.Document{}, map[string]bool{}
		for _, d := range olds {
			k := key(d)
			twice[k] = twice[k] || byKey[k] != nil
			byKey[k] = d
		}
		taken := map[*ir.Document]bool{}
		news = slices.DeleteFunc(news, func(d *ir.Document) bool {
			k := key(d)
			old := byKey[k]
			if k == "" || old == nil || twice[k] || taken[old] || old.Kind != d.Kind {
				return false
			}
			taken[old] = true
			out = append(out, pair{old, d})
			return true
		})
		olds = slices.DeleteFunc(olds, func(d *ir.Document) bool { return taken[d] })
	}
	for _, d := range olds {
		out = append(out, pair{old: d})
	}
	for _, d := range news {
		out = append(out, pair{new: d})
	}
	return out
}

// documents returns the rules and correlations of p, with those that do not run. What was not even read as a rule is left out.
func documents(p *ir.Program) []*ir.Document {
	var out []*ir.Document
	for i := range p.Documents {
		if d := &p.Documents[i]; d.Kind == "rule" || d.Kind == "correlation" || armed(d) {
			out = append(out, d)
		}
	}
	return out
}

// classify returns the change of a rule, nil if it is the same or runs in neither version.
func classify(before, after *Version, p pair) *Change {
	c := &Change{Old: p.old, New: p.new}
	switch was, is := armed(p.old), armed(p.new); {
	case !was && !is:
		return nil
	case !is:
		c.Kind, c.New = Removed, nil
		if p.new != nil {
			c.Note = "no longer runs: " + p.new.Reason
		}
		return c
	case !was:
		c.Kind, c.Old = Added, nil
		if p.old != nil {
			c.Note = "did not run before: " + p.old.Reason
		}
		return c
	}
	switch {
	case digest(p.old) == digest(p.new):
		if bytes.Equal(before.text(p.old), after.text(p.new)) && p.old.File == p.new.File {
			return nil
		}
		c.Kind = Text
	case p.old.Rule != nil && meaning(p.old.Rule) == meaning(p.new.Rule):
		c.Kind = Output
	default:
		c.Kind = Meaning
	}
	return c
}

func digest(d *ir.Document) string {
	if d.Rule != nil {
		return d.Rule.Meta.Digest
	}
	return d.Correlation.Rule.Meta.Digest
}

// meaning is the part of a rule's text that says what it matches: without the two lines of what it reports.
func meaning(r *ir.Rule) string {
	text := r.Text()
	for range 2 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// text returns the source of a document: of its file the part between document markers, if that can be told, else all.
func (v *Version) text(d *ir.Document) []byte {
	all := v.Texts[d.File]
	var parts [][]byte
	for part := range bytes.SplitSeq(append([]byte("\n"), all...), []byte("\n---")) {
		if len(bytes.TrimSpace(part)) > 0 {
			parts = append(parts, part)
		}
	}
	if d.Index < len(parts) && len(parts) > 1 {
		return parts[d.Index]
	}
	return all
}

// code fills in the generated code of both sides.
func (c *Change) code() (err error) {
	if c.OldCode, err = c.generated(c.Old); err != nil {
		return err
	}
	c.NewCode, err = c.generated(c.New)
	return err
}

// generated returns the file that is generated for d alone.
func (c *Change) generated(d *ir.Document) (string, error) {
	if d == nil {
		return "", nil
	}
	prog := &ir.Program{Documents: []ir.Document{*d}}
	if d.Rule != nil {
		prog.Rules = []*ir.Rule{d.Rule}
	} else {
		prog.Correlations = []*ir.Correlation{d.Correlation}
	}
	files, err := codegen.Generate(prog, codegen.Options{})
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if base := path.Base(f.Path); path.Dir(f.Path) != "." && base != "rules_gen.go" {
			c.CodePath = f.Path
			return string(f.Content), nil
		}
	}
	return "", nil
}

// search looks for events that one version matches and the other does not.
func (c *Change) search(seed uint64) error {
	c.NoneLost, c.NoneGained = synth.Implies(c.Old.Rule, c.New.Rule), synth.Implies(c.New.Rule, c.Old.Rule)
	s, err := newSearch(c.Old.Rule, c.New.Rule, c.NoneLost, c.NoneGained, seed)
	if err != nil {
		return err
	}
	if err := s.run(); err != nil {
		return err
	}
	c.Lost, c.Gained, c.Tried = s.best[0], s.best[1], s.tried
	return nil
}
