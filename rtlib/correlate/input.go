package correlate

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Input is what one event gives to correlations: its time, the detections that matched and feed something, and the values
// that they and the correlations above them ask for. It refers neither to the event nor to the engine, but only the engine
// that filled it, or one made of the same rules, can apply it. The zero value is ready; Extract reuses the memory.
type Input struct {
	time      int64 // seconds; noTime if the event has none
	hits      []int32
	values    []value
	text      []byte // of values, then the event and its identifier
	event, id span
	hasEvent  bool
	hasID     bool

	seen  []uint32 // by number of read: the round of Extract that looked it up
	round uint32
}

// value is what an event holds in a field that is read.
type value struct {
	read      int32
	hasText   bool
	null      bool
	hasNumber bool
	text      span
	number    float64
}

// span is a part of Input.text.
type span struct{ from, to uint32 }

func (in *Input) at(s span) []byte { return in.text[s.from:s.to:s.to] }

// Time returns the time of the event in seconds since the epoch. It is false if the event has none.
func (in *Input) Time() (int64, bool) { return in.time, in.time != noTime }

// SetTime replaces the time of the event, for events whose time is known from elsewhere: seconds since the epoch, negative ones
// count as 0, those after the year 36812 as that.
func (in *Input) SetTime(seconds int64) { in.time = min(max(seconds, 0), maxTime) }

// Feeds reports whether a detection that matched feeds a correlation. An input that does not may still evict groups when it is
// applied, by its time.
func (in *Input) Feeds() bool { return len(in.hits) > 0 }

// Extract fills in with what ev gives to correlations; hits are the numbers of the detections that match it, in load order.
// It is safe for concurrent use with other calls of Extract and Apply, as long as each has its own Input and Event. It
// allocates nothing once in is warm.
func (e *Engine) Extract(in *Input, ev *rtlib.Event, hits []int) {
	*in = Input{time: e.timeOf(ev), hits: in.hits[:0], values: in.values[:0], text: in.text[:0], seen: in.seen, round: in.round + 1}
	if len(in.seen) != len(e.reads) || in.round == 0 {
		in.seen, in.round = make([]uint32, len(e.reads)), 1
	}
	event, id := false, false
	for _, h := range hits {
		if len(e.feeds[h]) == 0 {
			continue
		}
		in.hits = append(in.hits, int32(h))
		w := &e.wants[h]
		event, id = event || w.event, id || w.id
		for _, i := range w.reads {
			e.extract(in, ev, i)
		}
	}
	if event {
		from := len(in.text)
		in.text = ev.AppendJSON(in.text)
		in.event, in.hasEvent = in.since(from), true
	}
	if id {
		e.identify(in, ev)
	}
}

func (in *Input) since(from int) span { return span{uint32(from), uint32(len(in.text))} }

// timeOf returns the time of ev: the first timestamp field that yields one, in whole seconds. Times before the epoch count as
// the epoch.
//
// Source: sigma-language.md section 14.3; daemon.md section 9.
func (e *Engine) timeOf(ev *rtlib.Event) int64 {
	for _, id := range e.times {
		if t, ok := rtlib.Timestamp(ev.Value(id)); ok {
			return min(max(t.Unix(), 0), maxTime)
		}
	}
	return noTime
}

// extract reads field number i of ev, unless another hit has asked for it already.
func (e *Engine) extract(in *Input, ev *rtlib.Event, i int32) {
	if in.seen[i] == in.round {
		return
	}
	in.seen[i] = in.round
	r := &e.reads[i]
	v := ev.Value(r.field)
	x := value{read: i, null: v.Kind == rtlib.Null}
	if x.hasText = r.text && v.Kind.HasText(); x.hasText {
		from := len(in.text)
		in.text = appendBounded(in.text, v.Text)
		x.text = in.since(from)
	}
	if r.number && v.Kind.HasText() {
		x.number, x.hasNumber = numberOf(v)
	}
	if x.hasText || x.null || x.hasNumber {
		in.values = append(in.values, x)
	}
}

// numberOf returns the numeric value of v. There is only one zero.
func numberOf(v *rtlib.Value) (float64, bool) {
	_, f, _, ok := rtlib.Number(v)
	return f + 0, ok // -0 + 0 = 0
}

// identify notes the identifier of ev: the first of the identifying keys that holds a string or a number.
func (e *Engine) identify(in *Input, ev *rtlib.Event) {
	for _, id := range e.ids {
		switch v := ev.Value(id); v.Kind {
		case rtlib.String, rtlib.Int, rtlib.Float:
			from := len(in.text)
			in.text = appendBounded(in.text, v.Text)
			in.id, in.hasID = in.since(from), true
			return
		}
	}
}

// maxText bounds what a group keeps of a text, in bytes. Of longer ones it keeps the beginning and a hash.
const (
	maxText  = 1024
	keptText = 64
)

// appendBounded appends text, or a short form of it that differs where texts differ.
//
// Source: reliability.md section 6.
func appendBounded(dst []byte, text string) []byte {
	if len(text) <= maxText {
		return append(dst, text...)
	}
	cut := keptText
	for !utf8.RuneStart(text[cut]) && cut > keptText-utf8.UTFMax {
		cut--
	}
	dst = append(dst, text[:cut]...)
	dst = append(dst, "...sha256:"...)
	h := sha256.New()
	h.Write([]byte(text))
	var sum [sha256.Size]byte
	return hex.AppendEncode(dst, h.Sum(sum[:0]))
}
