package evtx

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"time"
)

// Signature is how every event log file begins.
const Signature = "ElfFile\x00"

const (
	headerSize = 4096 // of the file, the chunks follow
	flagDirty  = 1    // the log was not closed, so counts and checksums may lag behind
)

// Record is one event of a log.
type Record struct {
	// ID is the number of the record in its file. The event's own number is Event.System.EventRecordID.
	ID uint64
	// Written is when the record was written, in UTC.
	Written time.Time
	// Offset is where the record begins in the file.
	Offset int64
	// JSON is the event as one JSON object. It is valid until the next record is asked for.
	JSON []byte
}

// Error is damage in a file: what is wrong, and where.
type Error struct {
	Offset int64 // in the file, in bytes
	Msg    string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Records returns the records of the log that r holds, in order of their position. What is damaged comes as an *Error with a
// zero Record, and the sequence goes on behind it; a record may follow although the checksum of its chunk was wrong. Any other
// error is r's own and ends the sequence. A log without an error is sound. The sequence can be used once. Cost: one pass,
// memory for two chunks and one event.
func Records(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f := &file{r: bufio.NewReaderSize(r, chunkSize), yield: yield}
		f.read()
	}
}

// file is one pass over a log.
type file struct {
	r     *bufio.Reader
	yield func(Record, error) bool
	dirty bool
	chunk chunk
}

func (f *file) damaged(offset int64, format string, args ...any) bool {
	return f.yield(Record{}, &Error{Offset: offset, Msg: fmt.Sprintf(format, args...)})
}

func (f *file) read() {
	want, ok := f.header()
	buf := make([]byte, chunkSize)
	at, have := int64(headerSize), 0
	for ; ok; have++ {
		n, err := io.ReadFull(f.r, buf)
		if n == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			f.stop(err)
			return
		}
		f.chunk.reset(buf[:n], at)
		ok = f.readChunk()
		at += int64(n)
	}
	if ok && want > have {
		f.damaged(at, "the file ends after %d of %d chunks", have, want)
	}
}

// header judges the file header and returns the number of chunks that it announces, 0 if there is no saying. It returns false
// if the reading is over.
func (f *file) header() (chunks int, ok bool) {
	h := make([]byte, headerSize)
	n, err := io.ReadFull(f.r, h)
	switch {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return 0, f.stop(err)
	case n < headerSize:
		f.damaged(0, "no event log: the file has %d bytes, its header alone %d", n, headerSize)
		return 0, false
	case !bytes.HasPrefix(h, []byte(Signature)):
		return 0, f.damaged(0, "the file header has no signature")
	case crc32.ChecksumIEEE(h[:120]) != binary.LittleEndian.Uint32(h[124:]):
		return 0, f.damaged(0, "the checksum of the file header is wrong")
	}
	f.dirty = binary.LittleEndian.Uint32(h[120:])&flagDirty != 0
	return int(binary.LittleEndian.Uint16(h[42:])), true
}

// stop ends the sequence with an error of the source.
func (f *file) stop(err error) bool {
	f.yield(Record{}, fmt.Errorf("read event log: %w", err))
	return false
}

func (f *file) readChunk() bool {
	if isZero(f.chunk.buf) {
		return true // reserved space that was never written
	}
	trusted, ok := f.checkChunk()
	return ok && f.records(trusted)
}

// last reports whether no further chunk follows.
func (f *file) last() bool {
	next, _ := f.r.Peek(len(chunkSignature)) // an error comes back from the next read
	return string(next) != chunkSignature
}

// checkChunk reports what is wrong with the chunk as a whole. A trusted chunk is one whose header says where the records end.
func (f *file) checkChunk() (trusted, ok bool) {
	c := &f.chunk
	free := int64(c.free())
	switch {
	case len(c.buf) < chunkHeaderSize:
		return false, f.damaged(c.base, "the chunk is cut off after %d of %d bytes", len(c.buf), chunkSize)
	case !bytes.HasPrefix(c.buf, []byte(chunkSignature)):
		return false, f.damaged(c.base, "the chunk has no signature")
	case len(c.buf) < chunkSize:
		return false, f.damaged(c.base, "the chunk is cut off after %d of %d bytes", len(c.buf), chunkSize)
	case f.dirty && !c.sound() && f.last():
		return false, true // the log was being written: the chunk's header is older than its records
	case !c.headerSound():
		return false, f.damaged(c.base, "the checksum of the chunk header is wrong")
	case free < chunkHeaderSize || free > chunkSize:
		return false, f.damaged(c.base, "the chunk header says that the records end at %d", free)
	case !c.sound():
		return false, f.damaged(c.base, "the checksum of the records of the chunk is wrong")
	}
	return true, true
}

func isZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
