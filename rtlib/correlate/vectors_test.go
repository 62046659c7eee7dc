package correlate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/rsigma-go/rsigma/rtlib"
)

// This test runs the correlation cases of the conformance vectors against this package alone, with a reader of rules that knows
// just what those cases use. Package conformance runs them through the compiler.

type vectorCase struct {
	Name        string
	Base        any
	Rule        string
	Correlation map[string]any
	Attributes  map[string]any
	Config      map[string]any
	Timeline    []any
	Fires       []vectorFire
	Detections  []int
}

type vectorFire struct {
	At     int
	Rule   string
	Value  float64
	Group  map[string]string
	Events []any
	Refs   [][]any
}

// vectorRules is the rule set of a case.
type vectorRules struct {
	detections []*rtlib.Rule
	docs       []map[string]any // of the detections
	rules      []*Rule
	corrs      []map[string]any // of the correlations
}

func TestCorrelationVectors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../codegen/conformance/testdata/vectors/correlation-*.yml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	ran, skipped := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var suite struct {
			Bases map[string]string
			Cases []yaml.Node
		}
		if err := yaml.Unmarshal(data, &suite); err != nil {
			t.Fatal(err)
		}
		for i := range suite.Cases {
			var c vectorCase
			if err := suite.Cases[i].Decode(&c); err != nil || c.Timeline == nil {
				skipped++ // rejected rules and the like
				continue
			}
			t.Run(c.Name, func(t *testing.T) { c.run(t, suite.Bases) })
			ran++
		}
	}
	t.Logf("%d cases, %d without a timeline left to package conformance", ran, skipped)
	if ran < 100 {
		t.Error("too few cases")
	}
}

func (c *vectorCase) run(t *testing.T, bases map[string]string) {
	set := c.load(t, bases)
	e, err := New(set.detections, set.rules, c.options(t))
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(e)
	var got, want []string
	var shown []int
	for at, step := range c.Timeline {
		event, seconds := timelineEvent(step)
		if seconds != nil {
			event["timestamp"] = *seconds
		}
		text, _ := json.Marshal(event)
		var hits []int
		visible := 0
		for i, doc := range set.docs {
			if matches(doc, event) {
				hits = append(hits, i)
				if !e.Hidden(i) {
					visible++
				}
			}
		}
		shown = append(shown, visible)
		if err := d.plan.JSON(d.ev, text); err != nil {
			t.Fatal(err)
		}
		e.Extract(&d.in, d.ev, hits)
		for _, f := range e.Apply(&d.in, 2_000_000_000) {
			got = append(got, describeFiring(at, &f))
		}
	}
	for i := range c.Fires {
		want = append(want, c.Fires[i].String(set))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if c.Detections != nil && !slices.Equal(shown, c.Detections) {
		t.Errorf("detections %v, want %v", shown, c.Detections)
	}
}

func timelineEvent(step any) (event map[string]any, seconds *int) {
	switch step := step.(type) {
	case []any:
		n := step[0].(int)
		return step[1].(map[string]any), &n
	default:
		return step.(map[string]any)["event"].(map[string]any), nil
	}
}

func describeFiring(at int, f *Firing) string {
	group := map[string]string{}
	for _, g := range f.Group {
		group[g.Name] = g.Value
	}
	var events []any
	for _, data := range f.Events {
		var ev map[string]any
		if err := json.Unmarshal(data, &ev); err != nil {
			return err.Error()
		}
		delete(ev, "timestamp")
		events = append(events, ev)
	}
	var refs [][]any
	for _, r := range f.Refs {
		if r.HasID {
			refs = append(refs, []any{r.Time, r.ID})
		} else {
			refs = append(refs, []any{r.Time, nil})
		}
	}
	return firingText(at, f.Rule.Meta.Title, math.Round(f.Value*1e9)/1e9, group, events, refs)
}

func firingText(at int, rule string, value float64, group map[string]string, events []any, refs [][]any) string {
	text, _ := json.Marshal([]any{group, events, refs})
	return fmt.Sprintf("at %d %s value %v %s", at, rule, value, text)
}

func (f *vectorFire) String(set *vectorRules) string {
	rule := f.Rule
	if rule == "" {
		rule = set.rules[len(set.rules)-1].Meta.Title
	}
	group := f.Group
	if group == nil {
		group = map[string]string{}
	}
	return firingText(f.At, rule, math.Round(f.Value*1e9)/1e9, group, f.Events, f.Refs)
}

func (c *vectorCase) options(t *testing.T) Options {
	var o Options
	for key, v := range c.Config {
		switch key {
		case "suppress":
			o.Suppress = parseTimespan(v)
		case "action":
			o.Action = map[string]Action{"alert": ActionAlert, "reset": ActionReset}[v.(string)]
		case "event_mode":
			o.EventMode, _ = ParseEventMode(v.(string))
		case "max_events":
			o.MaxEvents = v.(int)
		case "max_state_entries":
			o.MaxStateEntries = v.(int)
		case "max_group_entries":
			o.MaxGroupEntries = v.(int)
		case "emit_detections":
			o.HideDetections = !v.(bool)
		case "timestamp_fallback":
			o.SkipUntimed = v == "skip"
		case "timestamp_fields":
			o.TimestampFields = toStrings(v)
		default:
			t.Fatalf("unknown config %q", key)
		}
	}
	return o
}

// load reads the documents of a case: those of its bases and of rule, then the correlation.
func (c *vectorCase) load(t *testing.T, bases map[string]string) *vectorRules {
	set := &vectorRules{}
	var texts []string
	switch base := c.Base.(type) {
	case string:
		texts = append(texts, bases[base])
	case []any:
		for _, b := range base {
			texts = append(texts, bases[b.(string)])
		}
	}
	docs := []map[string]any{}
	for _, text := range append(texts, c.Rule) {
		dec := yaml.NewDecoder(strings.NewReader(text))
		for {
			var doc map[string]any
			if dec.Decode(&doc) != nil {
				break
			}
			if doc != nil {
				docs = append(docs, doc)
			}
		}
	}
	if c.Correlation != nil {
		doc := map[string]any{"title": "corr", "correlation": c.Correlation}
		for key, v := range c.Attributes {
			doc[key] = v
		}
		docs = append(docs, doc)
	}
	for i, doc := range docs {
		meta := rtlib.Meta{Title: fmt.Sprint(doc["title"]), Source: fmt.Sprint("doc", i)}
		meta.ID, _ = doc["id"].(string)
		custom := map[string]any{}
		for key, v := range doc {
			if strings.HasPrefix(key, "rsigma.") {
				custom[key] = v
			}
		}
		more, _ := doc["custom_attributes"].(map[string]any)
		for key, v := range more {
			custom[key] = v
		}
		text, _ := json.Marshal(custom)
		meta.Custom = string(text)
		if doc["correlation"] == nil {
			set.detections = append(set.detections, &rtlib.Rule{Meta: meta})
			set.docs = append(set.docs, doc)
			continue
		}
		name, _ := doc["name"].(string)
		set.rules = append(set.rules, &Rule{Meta: meta, Name: name})
		set.corrs = append(set.corrs, doc)
	}
	for i := range set.rules {
		set.lower(t, i)
	}
	return set
}

// named returns the sources of the rules that a reference names, in load order.
func (set *vectorRules) named(ref string) (sources []string) {
	for i, d := range set.detections {
		if name, _ := set.docs[i]["name"].(string); name == ref || sameID(d.Meta.ID, ref) {
			sources = append(sources, d.Meta.Source)
		}
	}
	for _, r := range set.rules {
		if r.Name == ref || r.Meta.ID != "" && sameID(r.Meta.ID, ref) {
			sources = append(sources, r.Meta.Source)
		}
	}
	return sources
}

// lower fills in correlation i.
func (set *vectorRules) lower(t *testing.T, i int) {
	r, doc := set.rules[i], set.corrs[i]
	body := doc["correlation"].(map[string]any)
	for typ, name := range typeNames {
		if name == body["type"] {
			r.Type = Type(typ)
		}
	}
	attribute := func(name string) any {
		if v, ok := doc["rsigma."+name]; ok {
			return v
		}
		more, _ := doc["custom_attributes"].(map[string]any)
		if v, ok := more["rsigma."+name]; ok {
			return v
		}
		return nil
	}
	first := func(vs ...any) any {
		for _, v := range vs {
			if v != nil {
				return v
			}
		}
		return nil
	}
	r.Timespan = parseTimespan(first(body["timeframe"], body["timespan"]))
	r.Gap = parseTimespan(first(attribute("gap"), body["gap"]))
	r.Window = map[any]Window{nil: Sliding, "sliding": Sliding, "tumbling": Tumbling, "session": Session}[first(attribute("window"), body["window"])]
	r.Generate, _ = first(doc["generate"], body["generate"]).(bool)
	r.Suppress = parseTimespan(attribute("suppress"))
	r.Action = map[any]Action{nil: ActionDefault, "alert": ActionAlert, "reset": ActionReset}[attribute("action")]
	if mode, ok := attribute("correlation_event_mode").(string); ok {
		r.EventMode, _ = ParseEventMode(mode)
	}
	fmt.Sscan(fmt.Sprint(first(attribute("max_group_entries"), 0)), &r.MaxGroupEntries)
	fmt.Sscan(fmt.Sprint(first(attribute("max_correlation_events"), 0)), &r.MaxEvents)
	r.References = toStrings(body["rules"])
	condition, extended := body["condition"].(string)
	if extended {
		r.Extended = set.condition(r, condition)
	} else {
		set.thresholds(r, body)
	}
	at := map[string][]int{}
	for p, ref := range r.References {
		for _, source := range set.named(ref) {
			at[source] = append(at[source], p)
		}
	}
	for k := range set.detections {
		if s := set.detections[k].Meta.Source; at[s] != nil {
			r.Sources = append(r.Sources, Source{s, at[s]})
		}
	}
	for k := range set.rules {
		if s := set.rules[k].Meta.Source; at[s] != nil {
			r.Sources = append(r.Sources, Source{s, at[s]})
		}
	}
	if len(r.Sources) == 0 {
		t.Fatalf("no rules: %v", r.References)
	}
	aliases, _ := body["aliases"].(map[string]any)
	for _, name := range toStrings(body["group-by"]) {
		p := Part{Name: name}
		mapping, _ := aliases[name].(map[string]any)
		for ref, field := range mapping {
			for s := range r.Sources {
				if slices.Contains(set.named(ref), r.Sources[s].Rule) {
					p.Aliases = append(p.Aliases, AliasField{s, rtlib.Field(field.(string))})
				}
			}
		}
		r.GroupBy = append(r.GroupBy, p)
	}
}

func (set *vectorRules) thresholds(r *Rule, body map[string]any) {
	condition, _ := body["condition"].(map[string]any)
	r.Percentile = 50
	for key, v := range condition {
		switch key {
		case "field":
			for _, f := range toStrings(v) {
				r.Fields = append(r.Fields, rtlib.Field(f))
			}
		case "percentile":
			r.Percentile = toNumber(v)
		default:
			op := slices.Index(compareNames[:], key)
			r.Thresholds = append(r.Thresholds, Threshold{Compare(op), toNumber(v)})
		}
	}
}

// condition reads an extended condition: or of and of not; parentheses.
func (set *vectorRules) condition(r *Rule, text string) rtlib.Cond {
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	tokens := strings.Fields(text)
	next := func() string {
		if len(tokens) == 0 {
			return ""
		}
		return tokens[0]
	}
	var or func() rtlib.Cond
	unary := func() rtlib.Cond { return nil }
	unary = func() rtlib.Cond {
		token := tokens[0]
		tokens = tokens[1:]
		switch token {
		case "not":
			return rtlib.NotCond{X: unary()}
		case "(":
			x := or()
			tokens = tokens[1:]
			return x
		}
		if !slices.Contains(r.References, token) {
			r.References = append(r.References, token)
		}
		return rtlib.Sel(token)
	}
	and := func() rtlib.Cond {
		all := rtlib.AllConds{unary()}
		for next() == "and" {
			tokens = tokens[1:]
			all = append(all, unary())
		}
		return all
	}
	or = func() rtlib.Cond {
		any := rtlib.AnyConds{and()}
		for next() == "or" {
			tokens = tokens[1:]
			any = append(any, and())
		}
		return any
	}
	return or()
}

func toStrings(v any) (list []string) {
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, s := range v {
			list = append(list, s.(string))
		}
	}
	return list
}

func toNumber(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

// matches judges the detections that the cases use: all items of the one selection, each a value or a list of them.
func matches(doc map[string]any, event map[string]any) bool {
	for name, selection := range doc["detection"].(map[string]any) {
		if name == "condition" {
			continue
		}
		for field, want := range selection.(map[string]any) {
			list, ok := want.([]any)
			if !ok {
				list = []any{want}
			}
			if !slices.ContainsFunc(list, func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(event[field]) }) {
				return false
			}
		}
	}
	return true
}
