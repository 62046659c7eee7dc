package correlate

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A log holds what has happened to an engine. It is made of parts, each of which can be replayed behind the one before it:
//
//	version  1 byte
//	records  each a mark, then
//	  apply    now, then an Input in binary form: an event that feeds
//	  idle     now, then the time that counts: an event that feeds nothing, while as many groups are held as may be
//	  clock    the newest time of events that feed nothing
//	  sweep    now
//	  clear    nothing
//	the CRC-32C of the definition of the engine and all before it, little-endian
//
// now and the time of clock are differences to the last now of the part. A change in what Apply, Sweep or Reset do to a state
// needs a new version.

const logVersion = 2

// The marks of a log.
const (
	logApply = iota + 1
	logIdle
	logClock
	logSweep
	logClear
)

// Recorder applies inputs to an Engine and notes what Replay needs to do the same to another one.
//
// It notes less than it is given. Of events that feed nothing only the time counts, and of that no more than the newest event time
// that it leads to, which the last of a row decides. So an event that feeds nothing
//
//   - leaves no trace, if its time is not later than all before it, or too far ahead of the wall clock, or if events without a
//     time are skipped;
//   - else moves a time that the recorder has in mind, and writes down before something depends on it, at the latest in AppendLog;
//     mostly a feeding event comes first, whose own time covers it;
//   - but is noted by itself while as many groups are held as may be: then it makes room, by age and by eviction, which depends on
//     its own time and on now. It always does, so that the next one in a row is among the others again.
//
// While a Recorder is in use, nothing else may change the state of the engine; everything else may be called. It belongs to the
// goroutine that the engine belongs to.
type Recorder struct {
	e     *Engine
	log   []byte
	last  int64 // now of the last record that has one; 0 at the beginning
	clock int64 // the newest time that is not in the log, or noTime
}

// maxIdleLog bounds the memory that a recorder keeps between parts, in bytes.
const maxIdleLog = 8 << 20

// NewRecorder returns a recorder for e. A log that it writes continues from the state that e has now.
func NewRecorder(e *Engine) *Recorder {
	e.sumOfDefinition()
	return &Recorder{e: e, clock: noTime}
}

// Apply is Engine.Apply, noted. It allocates nothing once the memory has its size.
func (r *Recorder) Apply(in *Input, now int64) []Firing {
	if t, ok := r.e.timeAt(in, now); ok {
		r.note(in, t, now)
	}
	return r.e.Apply(in, now)
}

// note notes an input that is about to be applied and for which time t counts.
func (r *Recorder) note(in *Input, t, now int64) {
	counts, full := trusted(t, now), r.e.full()
	if len(in.hits) == 0 && !full {
		if counts && t > r.e.newest {
			r.clock = t
		}
		return
	}
	switch {
	case full:
		r.writeClock()
	case counts && t >= r.clock:
		r.clock = noTime
	}
	if len(in.hits) == 0 {
		r.record(logIdle, now)
		r.log = binary.AppendUvarint(r.log, uint64(t))
		return
	}
	r.record(logApply, now)
	r.log = in.AppendBinary(r.log)
}

// Sweep is Engine.Sweep, noted.
func (r *Recorder) Sweep(now int64) (more bool) {
	r.writeClock()
	r.record(logSweep, now)
	return r.e.Sweep(now)
}

// Reset is Engine.Reset, noted.
func (r *Recorder) Reset() {
	r.clock = noTime
	r.mark(logClear)
	r.e.Reset()
}

// writeClock writes the time that the recorder has in mind. It must stand before whatever depends on the newest event time: an
// eviction, a sweep, the state after a part.
func (r *Recorder) writeClock() {
	if r.clock == noTime {
		return
	}
	r.mark(logClock)
	r.log = binary.AppendVarint(r.log, r.clock-r.last)
	r.clock = noTime
}

// record begins a record with a wall clock. Differences may overflow; they do so again when they are added up.
func (r *Recorder) record(mark byte, now int64) {
	r.mark(mark)
	r.log = binary.AppendVarint(r.log, now-r.last)
	r.last = now
}

func (r *Recorder) mark(mark byte) {
	if len(r.log) == 0 {
		r.log = append(r.log, logVersion)
	}
	r.log = append(r.log, mark)
}

// Len returns how many bytes AppendLog would append, give or take a few.
func (r *Recorder) Len() int { return len(r.log) }

// AppendLog appends a part of the log: what has happened since the last call, or NewRecorder. It appends nothing if nothing has
// changed the state. A state that is to go with the log, from Engine.AppendState, belongs to the moment after AppendLog.
func (r *Recorder) AppendLog(dst []byte) []byte {
	r.writeClock()
	if len(r.log) == 0 {
		return dst
	}
	dst = append(dst, r.log...)
	dst = binary.LittleEndian.AppendUint32(dst, r.e.sumOfLog(r.log))
	if r.log = r.log[:0]; cap(r.log) > maxIdleLog {
		r.log = nil
	}
	r.last = 0
	return dst
}

// sumOfLog returns the checksum of a part. The definition has a share in it, so that a log of other rules is not taken for one.
func (e *Engine) sumOfLog(body []byte) uint32 {
	return crc32.Update(e.sumOfDefinition(), castagnoli, body)
}

// Replay does again what a Recorder has noted in log: one part, or nothing. The state must be the one in which the part began, and
// the rules and options those of the engine that was recorded; engines of the same definition are. Then the state is afterwards what
// it was there. fired, if not nil, is called for each input that fires, with what Apply returned; the firings are valid until it
// returns.
//
// An error wraps ErrCorrupt: log is cut off, damaged, of another version or of other rules, and nothing was applied. If it is
// none of that but no Recorder has made it, the records up to the first bad one were applied. The engine is valid in any case.
//
// Counts in Stats of what was done are not all repeated: events from the far future are not in a log.
//
// Cost: reading is a small part of what Apply costs. It allocates nothing once the memory has its size.
func (e *Engine) Replay(log []byte, fired func([]Firing)) error {
	if len(log) == 0 {
		return nil
	}
	end := len(log) - crc32.Size
	switch {
	case end < 1 || log[0] != logVersion:
		return fmt.Errorf("%w: no log of version %d", ErrCorrupt, logVersion)
	case e.sumOfLog(log[:end]) != binary.LittleEndian.Uint32(log[end:]):
		return fmt.Errorf("%w: checksum of a log", ErrCorrupt)
	}
	r := logReader{compactReader: compactReader{data: log[1:end]}, e: e}
	for len(r.data) > 0 {
		firings := r.replay()
		if r.bad {
			return fmt.Errorf("%w: record of a log", ErrCorrupt)
		}
		if len(firings) > 0 && fired != nil {
			fired(firings)
		}
	}
	return nil
}

type logReader struct {
	compactReader
	e    *Engine
	last int64
}

// replay reads a record and does what it says.
func (r *logReader) replay() []Firing {
	switch r.byte() {
	case logApply:
		now := r.now()
		in := &r.e.scratch.input
		if r.input(r.e, in); !r.bad {
			return r.e.Apply(in, now)
		}
	case logIdle:
		now := r.now()
		if t := r.uvarint(); !r.valid(t) {
			r.fail()
		} else {
			r.e.arrive(int64(t), now)
		}
	case logClock:
		if t := uint64(r.last + r.varint()); !r.valid(t) {
			r.fail()
		} else {
			r.e.newest = max(r.e.newest, int64(t))
		}
	case logSweep:
		if now := r.now(); !r.bad {
			r.e.Sweep(now)
		}
	case logClear:
		r.e.Reset()
	default:
		r.fail()
	}
	return nil
}

// valid reports whether t, which was just read, can be the time of an event.
func (r *logReader) valid(t uint64) bool { return !r.bad && t <= maxTime }

func (r *logReader) now() int64 {
	r.last += r.varint()
	return r.last
}
