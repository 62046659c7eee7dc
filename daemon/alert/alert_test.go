package alert

import (
	"encoding/json"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// evaluated returns a rule with a field, an absence and a keyword, and an event that it matches.
func evaluated(t *testing.T) (*rtlib.Rule, *rtlib.Event) {
	t.Helper()
	image := &rtlib.Pred{Op: rtlib.SuffixFold, Field: "Image", Strings: []string{`\sh.exe`}}
	user := &rtlib.Pred{Op: rtlib.EqualFold, Field: "User", Strings: []string{"root"}}
	word := &rtlib.Pred{Op: rtlib.ContainsFold, Field: rtlib.AnyString, Strings: []string{"odd"}}
	body := rtlib.AllOf{image, rtlib.Not{X: user}, word}
	r := &rtlib.Rule{
		Meta: rtlib.Meta{
			Title: "Odd \"shell\"\n\u2028", Level: "high", Tags: []string{"attack.execution"},
			Custom: `{"team":"blue"}`, Digest: "d1",
		},
		Match:      body.Eval,
		Selections: []rtlib.Selection{{Name: "sel", Body: body}},
		Conditions: []rtlib.Cond{rtlib.Sel("sel")},
	}
	if err := r.Prepare(); err != nil {
		t.Fatal(err)
	}
	var ids []rtlib.FieldID
	r.FieldIDs(func(id rtlib.FieldID) { ids = append(ids, id) })
	ev := rtlib.NewEvent()
	line := []byte("{\"Image\": \"C:\\\\sh.exe\",\n \"note\": \"ODD \xff\"}")
	if err := decode.NewPlan(ids, true).JSON(ev, line); err != nil {
		t.Fatal(err)
	}
	return r, ev
}

func TestADetectionHasTheKeysOfItsDetail(t *testing.T) {
	t.Parallel()
	const head = `{"rule_title":"Odd \"shell\"\n\u2028","rule_id":null,"level":"high","tags":["attack.execution"],` +
		`"custom_attributes":{"team":"blue"},"matched_selections":["sel"],"matched_fields":[`
	const provenance = `,"provenance":{"digest":"d1","engine":"compiled","ruleset":"s1"}}`
	r, ev := evaluated(t)
	for name, c := range map[string]struct {
		format Format
		want   string
	}{
		"off": {
			Format{Detail: DetailOff},
			head + `{"field":"Image","value":"C:\\sh.exe"}]}`,
		},
		"off with event and provenance": {
			Format{Detail: DetailOff, IncludeEvent: true, Provenance: true, RuleSet: "s1"},
			head + `{"field":"Image","value":"C:\\sh.exe"}],"event":{"Image": "C:\\sh.exe",  "note": "ODD ` + "\uFFFD" + `"}` + provenance,
		},
		"summary": {
			Format{Detail: DetailSummary},
			head + `{"field":"Image","value":"C:\\sh.exe","selection":"sel","matcher":"endswith","case_sensitive":false},` +
				`{"field":"User","value":null,"selection":"sel","matcher":"exact","case_sensitive":false,"negated":true},` +
				`{"field":"keyword","value":"ODD ` + "\uFFFD" + `","selection":"sel","matcher":"keyword","case_sensitive":false}]}`,
		},
	} {
		got := string(c.format.AppendDetection(nil, r, "compiled", ev, new(rtlib.Explanation)))
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON", name)
		}
	}
}

func TestDetectionsAllocateNothingOnceTheirMemoryHasGrown(t *testing.T) {
	r, ev := evaluated(t)
	format := Format{Detail: DetailOff, Provenance: true, RuleSet: "s1"}
	var why rtlib.Explanation
	var out []byte
	render := func() { out = format.AppendDetection(out[:0], r, "compiled", ev, &why) }
	render()
	if n := testing.AllocsPerRun(100, render); n > 0 {
		t.Errorf("%v allocations a detection", n)
	}
}
