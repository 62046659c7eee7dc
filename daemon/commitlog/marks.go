package commitlog

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// Outlet is a sink as the log sees it.
type Outlet struct {
	Name   string // tells it from the others, also at the next start
	Sender *flow.Sender
}

// sinkPrefix is what the positions of sinks begin with, so that they do not meet those of sources.
const sinkPrefix = "sink "

// rows are the commits with results that not all sinks have.
type rows struct {
	waiting []row // ascending
	bytes   int64
	stored  map[string]flow.Mark // by outlet: what the store knows
}

type row struct {
	seq     int64
	results int
	bytes   int64
}

func (r *rows) add(seq int64, results int, bytes int) {
	r.waiting = append(r.waiting, row{seq, results, int64(bytes)})
	r.bytes += int64(bytes)
}

// passed reports whether a sink with that mark is done with x.
func (x *row) passed(m flow.Mark) bool {
	return m.Row > x.seq || m.Row == x.seq && m.Lines >= x.results
}

// note looks how far the outlets are. It returns the positions that have changed, and the last row that all of them are done with, 0 if
// there is no further one.
func (r *rows) note(outlets []Outlet) (changed []store.Position, delivered int64) {
	marks := make([]flow.Mark, len(outlets))
	for i, o := range outlets {
		marks[i] = o.Sender.Mark()
		if old := r.stored[o.Name]; old.Row != marks[i].Row || old.Lines != marks[i].Lines || !bytes.Equal(old.Place, marks[i].Place) {
			changed = append(changed, position(o.Name, marks[i]))
			r.stored[o.Name] = marks[i]
		}
	}
	n := 0
	for ; n < len(r.waiting); n++ {
		for _, m := range marks {
			if !r.waiting[n].passed(m) {
				return changed, r.drop(n)
			}
		}
	}
	return changed, r.drop(n)
}

func (r *rows) drop(n int) (last int64) {
	if n == 0 {
		return 0
	}
	last = r.waiting[n-1].seq
	for _, x := range r.waiting[:n] {
		r.bytes -= x.bytes
	}
	r.waiting = append(r.waiting[:0], r.waiting[n:]...)
	return last
}

// position is how the mark of a sink is kept.
func position(name string, m flow.Mark) store.Position {
	return store.Position{Source: sinkPrefix + name, Floor: m.Row, Extra: append(binary.AppendUvarint(nil, uint64(m.Lines)), m.Place...)}
}

// IsMark reports whether a position of that source is the mark of a sink. It belongs to the outbox, which stays when the state is cleared.
func IsMark(source string) bool { return strings.HasPrefix(source, sinkPrefix) }

// markOf reads what position has written; ok is false if p is not that of a sink.
func markOf(p store.Position) (name string, m flow.Mark, ok bool) {
	name, ok = strings.CutPrefix(p.Source, sinkPrefix)
	lines, n := binary.Uvarint(p.Extra)
	if !ok || n <= 0 {
		return "", flow.Mark{}, false
	}
	return name, flow.Mark{Row: p.Floor, Lines: int(lines), Place: p.Extra[n:]}, true
}
