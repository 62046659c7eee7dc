package engine

import (
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
)

// writtenText is the memory for the text of an event that came in as something else.
type writtenText struct {
	text   []byte
	places []rtlib.Place
}

// Memory beyond these limits is not kept for the next event.
const (
	maxKeptText   = 256 << 10
	maxKeptPlaces = 4 << 10
)

// decode fills the event of w with s. Its text is written for as long as the event is judged, and not parsed: the places say what is where.
func (t *writtenText) decode(w *Worker, s flow.Source) error {
	if cap(t.text) > maxKeptText || cap(t.places) > maxKeptPlaces {
		*t = writtenText{}
	}
	clear(t.places)
	t.text, t.places = s.AppendJSON(t.text[:0], t.places[:0])
	return w.gen.plan.Written(w.ev, t.text, t.places)
}

// raw returns the text that the decoded message m came as.
func (j *judge) raw(m *flow.Message) []byte {
	if m.Source != nil {
		return j.text.text
	}
	return m.Data
}

// unread makes text of m, the last message, if the dead letters will ask for it: here, where there are many goroutines, and not in the
// one that writes.
func (j *judge) unread(m *flow.Message) {
	out := &j.b.outcomes[len(j.b.outcomes)-1]
	if m.Source != nil && (out.err != nil || len(out.panics) > 0) {
		m.Data, m.Source, m.JSON = m.Text(), nil, true
	}
}
