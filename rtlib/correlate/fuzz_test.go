package correlate

import (
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

// fuzzEngine has a rule of every kind and window.
func fuzzEngine(t testing.TB) *Engine {
	var rules []*Rule
	for i, typ := range []Type{EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile, ValueMedian} {
		r := countRule(string(rune('a'+i))+".yml", 2)
		r.Type, r.Window, r.Gap = typ, Window(i%3), 10
		r.MaxGroupEntries = i % 3 * 2
		switch typ {
		case ValueCount:
			r.Fields = []rtlib.Field{"V", "W"}
		case ValueSum, ValueAvg, ValuePercentile, ValueMedian:
			r.Fields = []rtlib.Field{"N"}
		}
		rules = append(rules, r)
	}
	rules[0].EventMode, rules[1].EventMode = EventsFull, EventsRefs
	return mustNew(t, Options{Suppress: 5, MaxStateEntries: 20, Action: ActionReset}, rules...)
}

var fuzzEvents = []string{
	`{"timestamp":6,"User":"bo","V":"x","W":null,"N":2.5,"id":"e1"}`,
	`{"timestamp":3,"User":"bo","V":"y","W":"z","N":0.1}`,
	`{"timestamp":70,"User":"al","V":"y","W":5,"N":-3,"id":7}`,
	`{"timestamp":71,"V":"y","W":5,"N":0.7}`,
	`{"timestamp":40}`,
}

// use works with an engine whose state came from outside.
func use(t *testing.T, e *Engine) {
	t.Helper()
	checkInvariants(t, e)
	d := newDriver(e)
	for range 3 {
		for _, ev := range fuzzEvents {
			d.apply(t, &twinEvent{json: ev, hits: []int{0}}, testNow)
		}
		for i := range e.Rules() {
			for range e.Groups(i) {
			}
		}
		e.Sweep(testNow)
	}
	checkInvariants(t, e)
	to := fuzzEngine(t)
	if _, err := to.LoadState(e.AppendState(nil)); err != nil {
		t.Fatal(err)
	}
	if a, b := string(e.AppendJSON(nil)), string(to.AppendJSON(nil)); a != b {
		t.Fatalf("%s\n%s", a, b)
	}
}

func seededEngine(t testing.TB) *Engine {
	e := fuzzEngine(t)
	d := newDriver(e)
	for _, ev := range fuzzEvents {
		d.apply(t, &twinEvent{json: ev, hits: []int{0}}, testNow)
	}
	return e
}

func FuzzLoadJSON(f *testing.F) {
	e := seededEngine(f)
	f.Add(e.AppendJSON(nil))
	f.Add([]byte(`{"version":1,"windows":{"a.yml":[[["bo"],{"EventCount":{"timestamps":[1,-5,99999999999999]}}]]}}`))
	f.Add([]byte(`{"windows":{"a.yml":[null,[],[[],{}],[["x"],null]]},"event_buffers":{"a.yml":[[["bo"],{"entries":[{"ts":1,"data":"//8="}]}]]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := fuzzEngine(t)
		if _, err := e.LoadJSON(data); err == nil {
			use(t, e)
		}
	})
}

func FuzzLoadState(f *testing.F) {
	e := seededEngine(f)
	_, mark := e.Changes(nil, 0)
	state := e.AppendState(nil)
	f.Add(state[:len(state)-4])
	newDriver(e).apply(f, &twinEvent{json: fuzzEvents[0], hits: []int{0}}, testNow)
	e.age(500)
	delta, _ := e.Changes(nil, mark)
	f.Add(delta[:len(delta)-4])
	f.Add([]byte(compactMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := seededEngine(t)
		// The checksum would keep all but the seeds out.
		if _, err := e.ApplyChanges(appendSum(slices.Clone(body), 0)); err == nil {
			use(t, e)
		}
	})
}

func FuzzReadInput(f *testing.F) {
	e := fuzzEngine(f)
	d := newDriver(e)
	for _, ev := range fuzzEvents {
		d.apply(f, &twinEvent{json: ev, hits: []int{0}}, testNow)
		f.Add(slices.Clone(d.log))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e := seededEngine(t)
		var in Input
		if err := e.ReadInput(&in, data); err != nil {
			return
		}
		e.Apply(&in, testNow)
		e.Apply(&in, testNow)
		use(t, e)
	})
}
