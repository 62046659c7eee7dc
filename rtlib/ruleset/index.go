package ruleset

import (
	"math"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/multi"
)

var anyString = rtlib.AnyString.ID()

// index finds the rules that may match an event: those one of whose witness atoms holds, and those without a witness. It may
// only rule out, never rule in.
type index struct {
	always  []uint64      // rules without a witness
	fields  []*fieldIndex // by FieldID; nil where no atom looks
	strings *fieldIndex   // atoms on any string of the event

	keywords *keywordTable
}

// fieldIndex holds the atoms of one field. The number that a table gives for a literal selects a list of rules.
type fieldIndex struct {
	exact    *multi.Exact
	prefixes *multi.Prefixes
	suffixes *multi.Suffixes
	contains *multi.Substrings
	numbers  map[float64]int32
	present  []int32 // rules

	// Rules by literal number, for each table.
	exactRules, prefixRules, suffixRules, containsRules, numberRules [][]int32
}

func newIndex(rules []*rtlib.Rule) *index {
	w := newWeights(rules)
	c := &chooser{weights: w}
	x := &index{always: make([]uint64, (len(rules)+63)/64)}
	builders := map[rtlib.FieldID]*fieldBuilder{}
	for i, r := range rules {
		wit := c.rule(r)
		if wit == nil {
			x.always[i/64] |= 1 << (i % 64)
			continue
		}
		for _, a := range wit.atoms {
			b := builders[a.field]
			if b == nil {
				b = newFieldBuilder()
				builders[a.field] = b
			}
			b.add(a, int32(i))
		}
	}
	x.fields = make([]*fieldIndex, rtlib.NumFields())
	for id, b := range builders {
		x.fields[id] = b.build(w)
	}
	x.strings, x.fields[anyString] = x.fields[anyString], nil
	x.keywords = newKeywordTable(rules, builders[anyString])
	return x
}

// candidates sets the bits of the rules that may match ev.
func (x *index) candidates(ev *rtlib.Event, sc *Scratch) {
	copy(sc.bits, x.always)
	for _, id := range ev.Touched() {
		if int(id) < len(x.fields) && x.fields[id] != nil {
			x.fields[id].value(ev, ev.Value(id), sc)
		}
	}
	if x.strings != nil {
		sc.atoms = x.strings.contains.Find(sc.atoms[:0], rtlib.View(ev.Arena))
		setAll(sc, x.strings.containsRules)
		sc.remember(sc.atoms)
		set(sc.bits, x.strings.present)
	}
}

// value looks up what one field holds.
func (f *fieldIndex) value(ev *rtlib.Event, v *rtlib.Value, sc *Scratch) {
	set(sc.bits, f.present)
	if v.Kind != rtlib.Array {
		if v.Kind.HasText() {
			f.scalar(v, sc)
		}
		return
	}
	for e := ev.First(v); e != nil; e = ev.Next(e) {
		if e.Kind.HasText() {
			f.scalar(e, sc)
		}
	}
}

func (f *fieldIndex) scalar(v *rtlib.Value, sc *Scratch) {
	f.text(v.Fold, sc)
	if f.numbers != nil {
		if _, n, _, ok := rtlib.Number(v); ok {
			if id, ok := f.numbers[n]; ok {
				set(sc.bits, f.numberRules[id])
			}
		}
	}
}

func (f *fieldIndex) text(s string, sc *Scratch) {
	if f.exact != nil {
		sc.atoms = f.exact.Find(sc.atoms[:0], s)
		setAll(sc, f.exactRules)
	}
	if f.prefixes != nil {
		sc.atoms = f.prefixes.Find(sc.atoms[:0], s)
		setAll(sc, f.prefixRules)
	}
	if f.suffixes != nil {
		sc.atoms = f.suffixes.Find(sc.atoms[:0], s)
		setAll(sc, f.suffixRules)
	}
	if f.contains != nil {
		sc.atoms = f.contains.Find(sc.atoms[:0], s)
		setAll(sc, f.containsRules)
	}
}

func setAll(sc *Scratch, rules [][]int32) {
	for _, id := range sc.atoms {
		set(sc.bits, rules[id])
	}
}

func set(bits []uint64, rules []int32) {
	for _, r := range rules {
		bits[r/64] |= 1 << (r % 64)
	}
}

// fieldBuilder gathers the atoms of a field.
type fieldBuilder struct {
	exact, prefix, suffix, contains literals
	numbers                         map[float64]int32
	numberRules                     [][]int32
	present                         []int32
}

// literals numbers the distinct literals of one table and lists the rules of each.
type literals struct {
	ids   map[string]int32
	texts []string
	rules [][]int32
}

func newFieldBuilder() *fieldBuilder { return &fieldBuilder{numbers: map[float64]int32{}} }

func (b *fieldBuilder) add(a atom, rule int32) {
	switch a.kind {
	case rtlib.WitnessEqual:
		b.exact.add(a.text, rule)
	case rtlib.WitnessPrefix:
		b.prefix.add(a.text, rule)
	case rtlib.WitnessSuffix:
		b.suffix.add(a.text, rule)
	case rtlib.WitnessContains:
		b.contains.add(a.text, rule)
	case rtlib.WitnessNumber:
		b.addNumber(a.num, rule)
	default:
		b.present = appendNew(b.present, rule)
	}
}

func (b *fieldBuilder) addNumber(n float64, rule int32) {
	if math.IsNaN(n) {
		return // equals nothing
	}
	id, ok := b.numbers[n]
	if !ok {
		id = int32(len(b.numberRules))
		b.numbers[n] = id
		b.numberRules = append(b.numberRules, nil)
	}
	b.numberRules[id] = appendNew(b.numberRules[id], rule)
}

func (l *literals) add(text string, rule int32) {
	if l.ids == nil {
		l.ids = map[string]int32{}
	}
	id, ok := l.ids[text]
	if !ok {
		id = int32(len(l.texts))
		l.ids[text] = id
		l.texts = append(l.texts, text)
		l.rules = append(l.rules, nil)
	}
	l.rules[id] = appendNew(l.rules[id], rule)
}

// appendNew appends rule unless it is the last one already; rules are added in ascending order.
func appendNew(rules []int32, rule int32) []int32 {
	if n := len(rules); n > 0 && rules[n-1] == rule {
		return rules
	}
	return append(rules, rule)
}

func (b *fieldBuilder) build(w *weights) *fieldIndex {
	f := &fieldIndex{
		exact:         multi.NewExact(b.exact.texts),
		prefixes:      multi.NewPrefixes(b.prefix.texts),
		suffixes:      multi.NewSuffixes(b.suffix.texts),
		contains:      multi.NewSubstrings(b.contains.texts, w.gram),
		exactRules:    b.exact.rules,
		prefixRules:   b.prefix.rules,
		suffixRules:   b.suffix.rules,
		containsRules: b.contains.rules,
		numberRules:   b.numberRules,
		present:       b.present,
	}
	if len(b.numbers) > 0 {
		f.numbers = b.numbers
	}
	return f
}
