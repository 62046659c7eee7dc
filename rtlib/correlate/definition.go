package correlate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
)

// The definition of an engine:
//
//	"rsigma-d" version            9 bytes
//	a definition as JSON
//	the CRC-32C of all before it, little-endian

const definitionMagic = "rsigma-d\x01"

// A definition is what decides how an engine works, as plain data. Enumerations are spelled by their names.
type definition struct {
	Options    definedOptions
	Detections int // their number
	// Feeding are the detections that feed correlations, by number.
	Feeding []definedDetection
	Rules   []definedRule
}

type definedOptions struct {
	Suppress                                    int64 `json:",omitempty"`
	Action, EventMode                           string
	MaxEvents, MaxStateEntries, MaxGroupEntries int
	HideDetections, SkipUntimed                 bool
	TimestampFields                             []string
}

type definedDetection struct {
	Number int
	ID     string `json:",omitempty"`
}

type definedRule struct {
	ID, Name, Title string `json:",omitempty"`

	Type, Window  string
	Timespan, Gap int64

	References []string
	Sources    []Source // their rules as detectionSource and correlationSource name them
	GroupBy    []Part
	Fields     []rtlib.Field `json:",omitempty"`
	Percentile exact

	Thresholds []definedThreshold `json:",omitempty"`
	Extended   *definedCond       `json:",omitempty"`

	Generate                   bool   `json:",omitempty"`
	Suppress                   int64  `json:",omitempty"`
	Action, EventMode          string `json:",omitempty"`
	MaxEvents, MaxGroupEntries int    `json:",omitempty"`
}

type definedThreshold struct {
	Op    string
	Value exact
}

// A definedCond is an rtlib.Cond. Kind is sel, all, any, not or of.
type definedCond struct {
	Kind  string
	N     int           `json:",omitempty"`
	Names []string      `json:",omitempty"`
	Terms []definedCond `json:",omitempty"`
}

// exact is a number as text: JSON knows no infinity.
type exact float64

// MarshalText writes the shortest text that UnmarshalText reads as the same number.
func (x exact) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(x), 'g', -1, 64), nil
}

// UnmarshalText reads what MarshalText has written.
func (x *exact) UnmarshalText(text []byte) error {
	v, err := strconv.ParseFloat(string(text), 64)
	*x = exact(v)
	return err
}

// The Meta.Source of rules in an engine that was made from a definition. Numbers instead of paths: a definition does not
// change when a file is renamed.
func detectionSource(i int) string   { return "detection " + strconv.Itoa(i) }
func correlationSource(i int) string { return "correlation " + strconv.Itoa(i) }

// AppendDefinition appends what decides how e works: its options with all defaults, its correlation rules, and how many detections
// there are and which of them feed. OpenDefinition makes an engine of it that has no state and does the same as e when it
// extracts, reads, applies, replays, writes and loads. Definitions are equal exactly if engines are made of the same rules and
// options, as far as that matters here; they hold neither paths nor digests nor texts that only show in results.
//
// Texts of rules are taken to be UTF-8, as the compiler makes them. Cost: proportional to the correlation rules.
func (e *Engine) AppendDefinition(dst []byte) []byte {
	data, err := json.Marshal(e.define())
	if err != nil {
		panic("correlate: a definition is not JSON: " + err.Error()) // nothing in it can fail
	}
	from := len(dst)
	dst = append(append(dst, definitionMagic...), data...)
	return appendSum(dst, from)
}

// OpenDefinition makes an engine without state from data, which AppendDefinition has made. Of the Meta of rules it knows the id and
// the title. An error, which wraps ErrCorrupt, says that data is damaged, of another version or no definition. It keeps nothing of data.
func OpenDefinition(data []byte) (*Engine, error) {
	body, err := checkSum(data, definitionMagic)
	if err != nil {
		return nil, err
	}
	var d definition
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("%w: definition: %v", ErrCorrupt, err)
	}
	if int(dec.InputOffset()) != len(body) {
		return nil, fmt.Errorf("%w: definition: more than one", ErrCorrupt)
	}
	e, err := d.open()
	if err != nil {
		return nil, fmt.Errorf("%w: definition: %v", ErrCorrupt, err)
	}
	return e, nil
}

// appendSum appends the CRC-32C of dst[from:].
func appendSum(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// checkSum returns what stands between magic and a right checksum.
func checkSum(data []byte, magic string) (body []byte, err error) {
	end := len(data) - crc32.Size
	if end < len(magic) || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrCorrupt, magic)
	}
	if crc32.Checksum(data[:end], castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, fmt.Errorf("%w: checksum", ErrCorrupt)
	}
	return data[len(magic):end], nil
}

// definitionSum is the checksum in the definition, made when it is first asked for.
type definitionSum struct {
	known bool
	sum   uint32
}

// sumOfDefinition identifies the rules and options of e.
func (e *Engine) sumOfDefinition() uint32 {
	if !e.definition.known {
		data := e.AppendDefinition(nil)
		e.definition = definitionSum{true, binary.LittleEndian.Uint32(data[len(data)-crc32.Size:])}
	}
	return e.definition.sum
}

func (e *Engine) define() *definition {
	o := &e.opts
	d := &definition{
		Options: definedOptions{
			Suppress: o.Suppress, Action: o.Action.String(), EventMode: o.EventMode.String(),
			MaxEvents: o.MaxEvents, MaxStateEntries: o.MaxStateEntries, MaxGroupEntries: o.MaxGroupEntries,
			HideDetections: o.HideDetections, SkipUntimed: o.SkipUntimed, TimestampFields: o.TimestampFields,
		},
		Detections: len(e.feeders),
	}
	for i := range e.feeders {
		if len(e.feeds[i]) > 0 {
			d.Feeding = append(d.Feeding, definedDetection{i, e.feeders[i].Meta.ID})
		}
	}
	for _, c := range e.corrs {
		d.Rules = append(d.Rules, c.define())
	}
	return d
}

func (c *corr) define() definedRule {
	r := c.rule
	d := definedRule{
		ID: r.Meta.ID, Name: r.Name, Title: r.Meta.Title,
		Type: r.Type.String(), Window: r.Window.String(), Timespan: r.Timespan, Gap: r.Gap,
		References: r.References, GroupBy: r.GroupBy, Fields: r.Fields, Percentile: exact(r.Percentile),
		Extended: defineCond(r.Extended), Generate: r.Generate, Suppress: r.Suppress, Action: r.Action.String(),
		EventMode: r.EventMode.String(), MaxEvents: r.MaxEvents, MaxGroupEntries: r.MaxGroupEntries,
	}
	for s := range r.Sources {
		name := detectionSource(c.sources[s].from)
		if c.sources[s].from < 0 {
			name = correlationSource(-1 - c.sources[s].from)
		}
		d.Sources = append(d.Sources, Source{name, r.Sources[s].At})
	}
	for _, t := range r.Thresholds {
		d.Thresholds = append(d.Thresholds, definedThreshold{t.Op.String(), exact(t.Value)})
	}
	return d
}

func defineCond(x rtlib.Cond) *definedCond {
	terms := func(list ...rtlib.Cond) (terms []definedCond) {
		for _, x := range list {
			terms = append(terms, *defineCond(x))
		}
		return terms
	}
	switch x := x.(type) {
	case rtlib.Sel:
		return &definedCond{Kind: "sel", Names: []string{string(x)}}
	case rtlib.AllConds:
		return &definedCond{Kind: "all", Terms: terms(x...)}
	case rtlib.AnyConds:
		return &definedCond{Kind: "any", Terms: terms(x...)}
	case rtlib.NotCond:
		return &definedCond{Kind: "not", Terms: terms(x.X)}
	case rtlib.OfSels:
		return &definedCond{Kind: "of", N: x.N, Names: x.Names}
	default: // none; New has refused all others
		return nil
	}
}

func (d *definition) open() (*Engine, error) {
	o := &d.Options
	in := names{}
	opts := Options{
		Suppress: o.Suppress, Action: Action(in.number(actionNames[:], o.Action)),
		EventMode: EventMode(in.number(eventModeNames[:], o.EventMode)),
		MaxEvents: o.MaxEvents, MaxStateEntries: o.MaxStateEntries, MaxGroupEntries: o.MaxGroupEntries,
		HideDetections: o.HideDetections, SkipUntimed: o.SkipUntimed, TimestampFields: o.TimestampFields,
	}
	if d.Detections < 0 || d.Detections > maxDetections {
		return nil, fmt.Errorf("%d detections", d.Detections)
	}
	detections := make([]*rtlib.Rule, d.Detections)
	for _, x := range d.Feeding {
		if x.Number < 0 || x.Number >= d.Detections {
			return nil, fmt.Errorf("detection %d of %d", x.Number, d.Detections)
		}
		detections[x.Number] = &rtlib.Rule{Meta: rtlib.Meta{ID: x.ID, Source: detectionSource(x.Number)}}
	}
	var rules []*Rule
	for i := range d.Rules {
		rules = append(rules, d.Rules[i].open(i, &in))
	}
	if in.err != nil {
		return nil, in.err
	}
	return build(detections, rules, withDefaults(opts))
}

func (d *definedRule) open(i int, in *names) *Rule {
	r := &Rule{
		Meta: rtlib.Meta{ID: d.ID, Title: d.Title, Source: correlationSource(i)}, Name: d.Name,
		Type: Type(in.number(typeNames[:], d.Type)), Window: Window(in.number(windowNames[:], d.Window)),
		Timespan: d.Timespan, Gap: d.Gap,
		References: d.References, Sources: d.Sources, GroupBy: d.GroupBy, Fields: d.Fields, Percentile: float64(d.Percentile),
		Generate: d.Generate, Suppress: d.Suppress, Action: Action(in.number(actionNames[:], d.Action)),
		EventMode: EventMode(in.number(eventModeNames[:], d.EventMode)), MaxEvents: d.MaxEvents, MaxGroupEntries: d.MaxGroupEntries,
	}
	for _, t := range d.Thresholds {
		r.Thresholds = append(r.Thresholds, Threshold{Compare(in.number(compareNames[:], t.Op)), float64(t.Value)})
	}
	if d.Extended != nil {
		r.Extended = d.Extended.open(in)
	}
	return r
}

func (d *definedCond) open(in *names) rtlib.Cond {
	terms := make([]rtlib.Cond, 0, len(d.Terms))
	for i := range d.Terms {
		terms = append(terms, d.Terms[i].open(in))
	}
	switch {
	case d.Kind == "sel" && len(d.Names) == 1:
		return rtlib.Sel(d.Names[0])
	case d.Kind == "all":
		return rtlib.AllConds(terms)
	case d.Kind == "any":
		return rtlib.AnyConds(terms)
	case d.Kind == "not" && len(terms) == 1:
		return rtlib.NotCond{X: terms[0]}
	case d.Kind == "of":
		return rtlib.OfSels{N: d.N, Names: d.Names}
	default:
		in.fail("condition " + strconv.Quote(d.Kind))
		return nil
	}
}

// names finds the numbers of names, and keeps the first fault.
type names struct{ err error }

func (in *names) fail(what string) {
	if in.err == nil {
		in.err = fmt.Errorf("unknown %s", what)
	}
}

func (in *names) number(list []string, name string) int {
	i := slices.Index(list, name)
	if i < 0 {
		in.fail(strconv.Quote(name))
	}
	return max(i, 0)
}
