package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
)

// numbered is an event that comes as a number, in so many arrays.
type numbered struct{ n, arrays int }

func (x numbered) AppendJSON(dst []byte, places []rtlib.Place) ([]byte, []rtlib.Place) {
	p := rtlib.Place{Key: "n"}
	dst = append(dst, `{"n":`...)
	p.Start = len(dst)
	dst = append(dst, strings.Repeat("[", x.arrays)...)
	dst = strconv.AppendInt(dst, int64(x.n), 10)
	dst = append(dst, strings.Repeat("]", x.arrays)...)
	p.End = len(dst)
	return append(dst, '}'), append(places, p)
}

func (x numbered) Size() int { return 16 }

// TestAnEventThatIsNoTextIsOneForWhoeverWantsText looks at results, dead letters, taps and filters.
func TestAnEventThatIsNoTextIsOneForWhoeverWantsText(t *testing.T) {
	t.Parallel()
	const events, deep = 300, 200
	seven := &rtlib.Pred{Op: rtlib.EqualFold, Field: "n", Strings: []string{"7"}}
	g, err := New(Rules{Detections: []*rtlib.Rule{
		{
			Meta:       rtlib.Meta{Source: "s", Title: "s", ID: "s", IncludeEvent: true},
			Selections: []rtlib.Selection{{Name: "s", Body: seven}}, Match: seven.Eval,
		},
		{
			Meta:  rtlib.Meta{Source: "a", Title: "a", ID: "a", IncludeEvent: true},
			Match: func(ev *rtlib.Event) bool { return string(ev.Raw()) != `{"n":7}` },
		},
		{Meta: rtlib.Meta{Source: "p", Title: "p", ID: "p"}, Match: func(ev *rtlib.Event) bool {
			if string(ev.Raw()) == `{"n":5}` {
				panic("five")
			}
			return false
		}},
	}}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	tapped := map[string]bool{}
	r := newRig(t, g, func(o *PipelineOptions, _ *rig) {
		o.Hooks.Tap = func() func([]byte, *rtlib.Event) {
			return func(raw []byte, ev *rtlib.Event) {
				mu.Lock()
				defer mu.Unlock()
				tapped[string(raw)] = string(raw) == string(ev.AppendJSON(nil))
			}
		}
		o.Filter = func(event []byte) ([][]byte, error) {
			if string(event) == `{"n":9}` {
				return [][]byte{[]byte(`{"n":1000}`), []byte(`{"n":1001}`)}, nil
			}
			return [][]byte{append([]byte(nil), event...)}, nil
		}
	})
	acks := flow.NewAck(func(bool) {})
	for i := range events {
		x := numbered{n: i}
		if i%100 == 50 {
			x.arrays = deep
		}
		acks.Add(1)
		if err := r.in.Put(context.Background(), flow.Message{Source: x, Ack: acks, Number: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	r.end()
	var want, got []string
	for i := range events {
		switch {
		case i%100 == 50:
		case i == 9:
			want = append(want, "1000", "1001")
		default:
			want = append(want, fmt.Sprint(i))
		}
	}
	for _, x := range r.results() {
		got = append(got, fmt.Sprint(x.Event.N))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("results of %v\nwant %v", got, want)
	}
	letters := map[int64]string{}
	for _, d := range r.dead.list {
		letters[d.Number] = string(d.Text)
	}
	for i, text := range map[int64]string{
		5: `{"n":5}`, 50: deepText(50, deep), 150: deepText(150, deep), 250: deepText(250, deep),
	} {
		if letters[i] != text {
			t.Errorf("letter %d: %s", i, letters[i])
		}
	}
	if len(letters) != 4 || r.parseErrors.Load() != 3 || r.panics.Load() != 1 {
		t.Errorf("%d letters, %d parse errors, %d panics", len(letters), r.parseErrors.Load(), r.panics.Load())
	}
	if len(tapped) != events-3 {
		t.Errorf("%d events were tapped", len(tapped))
	}
	for raw, same := range tapped {
		if !same {
			t.Errorf("tapped %s", raw)
		}
	}
}

func deepText(n, arrays int) string {
	return fmt.Sprintf(`{"n":%s%d%s}`, strings.Repeat("[", arrays), n, strings.Repeat("]", arrays))
}
