package correlate

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
)

// AppendJSON appends the state in the JSON form that rsigma reads and writes (daemon.md section 16.2). Two things do not fit into
// it: the newest event time, and which of two groups of different correlations was fed last. Groups of a correlation stand in
// the order of their last feeds. Temporal entries are listed under the reference as the rule writes it. Of a value_count over
// several fields the parts are joined by U+001F; where a part holds that, or U+001E, U+001E stands before it.
//
// Cost: proportional to the state, and a compression for each buffered event. To keep events waiting for a shorter time, load
// AppendState into a second engine and use that.
func (e *Engine) AppendJSON(dst []byte) []byte {
	w := snapshotWriter{e: e, ids: e.stableIDs(), dst: append(dst, `{"version":1`...)}
	all := e.inOrderOfFeeds(func(*group) bool { return true })
	w.section("windows", all, func(c *corr, g *group) bool { return g.life == live }, w.window)
	w.section("last_alert", all, func(c *corr, g *group) bool { return g.alert != noTime },
		func(c *corr, s *savedGroup) { w.dst = strconv.AppendInt(w.dst, s.alert, 10) })
	buffered := func(mode EventMode) func(*corr, *group) bool {
		return func(c *corr, g *group) bool { r := e.bufferOf(g); return c.mode == mode && r != nil && r.n > 0 }
	}
	w.section("event_buffers", all, buffered(EventsFull), w.events)
	w.section("event_ref_buffers", all, buffered(EventsRefs), w.refs)
	return append(w.dst, '}')
}

type snapshotWriter struct {
	e     *Engine
	ids   []string
	dst   []byte
	flate *flate.Writer
	saved savedGroup
}

// section writes one of the objects of a snapshot: stable id → pairs of group key and what write writes.
func (w *snapshotWriter) section(name string, groups []uint32, want func(*corr, *group) bool, write func(*corr, *savedGroup)) {
	w.dst = append(w.dst, ',')
	w.dst = rtlib.AppendJSONString(w.dst, name)
	w.dst = append(w.dst, ':', '{')
	byRule := make([][]uint32, len(w.ids))
	for _, id := range groups {
		g := w.e.groups.at(id)
		if want(w.e.corrs[g.corr], g) {
			byRule[g.corr] = append(byRule[g.corr], id)
		}
	}
	for i, c := range w.e.corrs {
		if byRule[i] == nil {
			continue
		}
		w.comma('{')
		w.dst = rtlib.AppendJSONString(w.dst, w.ids[i])
		w.dst = append(w.dst, ':', '[')
		for _, id := range byRule[i] {
			w.comma('[')
			w.dst = append(w.dst, '[')
			w.e.save(c, w.e.groups.at(id), &w.saved)
			w.key(c, w.saved.key)
			w.dst = append(w.dst, ',')
			write(c, &w.saved)
			w.dst = append(w.dst, ']')
		}
		w.dst = append(w.dst, ']')
	}
	w.dst = append(w.dst, '}')
}

// comma separates list elements; open is the bracket that the list begins with.
func (w *snapshotWriter) comma(open byte) {
	if w.dst[len(w.dst)-1] != open {
		w.dst = append(w.dst, ',')
	}
}

func (w *snapshotWriter) key(c *corr, key []byte) {
	w.dst = append(w.dst, '[')
	for range c.rule.GroupBy {
		w.comma('[')
		text, present, rest := nextPart(key)
		key = rest
		if present {
			w.dst = rtlib.AppendJSONString(w.dst, rtlib.View(text))
		} else {
			w.dst = append(w.dst, "null"...)
		}
	}
	w.dst = append(w.dst, ']')
}

func (w *snapshotWriter) window(c *corr, s *savedGroup) {
	switch c.kind {
	case kindTemporal:
		w.dst = append(w.dst, `{"Temporal":{"rule_hits":{`...)
		for at, ref := range c.rule.References {
			if firstPosition(c.rule.References, ref) != at {
				continue
			}
			w.comma('{')
			w.dst = rtlib.AppendJSONString(w.dst, ref)
			w.dst = append(w.dst, ':', '[')
			w.runs(c, s.queues[c.queueOf[at]])
			w.dst = append(w.dst, ']')
		}
		w.dst = append(w.dst, "}}}"...)
		return
	case kindCount:
		w.dst = append(w.dst, `{"EventCount":{"timestamps":[`...)
	case kindDistinct:
		w.dst = append(w.dst, `{"ValueCount":{"entries":[`...)
	default:
		w.dst = append(w.dst, `{"NumericAgg":{"entries":[`...)
	}
	w.runs(c, s.queues[0])
	w.dst = append(w.dst, "]}}"...)
}

func firstPosition(references []string, ref string) int {
	for i := range references {
		if references[i] == ref {
			return i
		}
	}
	return -1
}

// runs writes the entries of a queue one by one.
func (w *snapshotWriter) runs(c *corr, list []savedRun) {
	for _, x := range list {
		from := len(w.dst)
		w.comma('[')
		first := len(w.dst)
		switch c.kind {
		case kindDistinct:
			w.dst = append(w.dst, '[')
			w.dst = strconv.AppendInt(w.dst, x.time, 10)
			w.dst = append(w.dst, ',')
			w.dst = rtlib.AppendJSONString(w.dst, joinTuple(c, x.text))
			w.dst = append(w.dst, ']')
		case kindSum, kindRank:
			w.dst = append(w.dst, '[')
			w.dst = strconv.AppendInt(w.dst, x.time, 10)
			w.dst = append(w.dst, ',')
			w.dst = strconv.AppendFloat(w.dst, payloadNumber(x.payload), 'g', -1, 64)
			w.dst = append(w.dst, ']')
		default:
			w.dst = strconv.AppendInt(w.dst, x.time, 10)
		}
		entry := w.dst[first:]
		if from == first { // the first of the list: the others need a comma
			entry = append([]byte{','}, entry...)
		} else {
			entry = w.dst[from:]
		}
		for range x.times - 1 {
			w.dst = append(w.dst, entry...)
		}
	}
}

// Separators of the parts of a tuple.
const (
	tupleEscape    = 0x1e
	tupleSeparator = 0x1f
)

func joinTuple(c *corr, text []byte) string {
	if len(c.rule.Fields) == 1 {
		part, _, _ := nextPart(text)
		return string(part)
	}
	var joined []byte
	for i := range c.rule.Fields {
		part, _, rest := nextPart(text)
		text = rest
		if i > 0 {
			joined = append(joined, tupleSeparator)
		}
		for _, b := range part {
			if b == tupleEscape || b == tupleSeparator {
				joined = append(joined, tupleEscape)
			}
			joined = append(joined, b)
		}
	}
	return string(joined)
}

// splitTuple is the inverse of joinTuple. It is false if the number of parts is not that of the rule's fields.
func splitTuple(c *corr, joined string) (text []byte, ok bool) {
	if len(c.rule.Fields) == 1 {
		return appendPart(nil, appendBounded(nil, joined), true), true
	}
	var parts [][]byte
	var part []byte
	for i := 0; i < len(joined); i++ {
		switch b := joined[i]; {
		case b == tupleSeparator:
			parts = append(parts, part)
			part = nil
		case b == tupleEscape && i+1 < len(joined):
			i++
			part = append(part, joined[i])
		default:
			part = append(part, b)
		}
	}
	for _, p := range append(parts, part) {
		text = appendPart(text, appendBounded(nil, string(p)), true)
	}
	return text, len(parts)+1 == len(c.rule.Fields)
}

func (w *snapshotWriter) events(c *corr, s *savedGroup) {
	w.dst = append(w.dst, `{"entries":[`...)
	for _, x := range s.buffer {
		w.comma('[')
		w.dst = append(w.dst, `{"ts":`...)
		w.dst = strconv.AppendInt(w.dst, x.time, 10)
		w.dst = append(w.dst, `,"data":"`...)
		w.dst = base64.StdEncoding.AppendEncode(w.dst, w.deflate(x.data))
		w.dst = append(w.dst, `"}`...)
	}
	w.maxEvents(c)
}

func (w *snapshotWriter) refs(c *corr, s *savedGroup) {
	w.dst = append(w.dst, `{"entries":[`...)
	for _, x := range s.buffer {
		w.comma('[')
		w.dst = append(w.dst, `{"timestamp":`...)
		w.dst = strconv.AppendInt(w.dst, x.time, 10)
		if !x.none {
			w.dst = append(w.dst, `,"id":`...)
			w.dst = rtlib.AppendJSONString(w.dst, rtlib.View(x.data))
		}
		w.dst = append(w.dst, '}')
	}
	w.maxEvents(c)
}

func (w *snapshotWriter) maxEvents(c *corr) {
	w.dst = append(w.dst, `],"max_events":`...)
	w.dst = strconv.AppendUint(w.dst, uint64(c.maxEvents), 10)
	w.dst = append(w.dst, '}')
}

func (w *snapshotWriter) deflate(data []byte) []byte {
	var buf bytes.Buffer
	if w.flate == nil {
		w.flate, _ = flate.NewWriter(nil, flate.BestSpeed) // the level is valid
	}
	w.flate.Reset(&buf)
	w.flate.Write(data) // a bytes.Buffer cannot fail
	w.flate.Close()
	return buf.Bytes()
}
