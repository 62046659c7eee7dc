package evtx

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"
)

const (
	chunkSize       = 64 << 10
	chunkSignature  = "ElfChnk\x00"
	chunkHeaderSize = 512 // with the tables of strings and templates

	recordSignature  = "**\x00\x00"
	recordHeaderSize = 24
	recordMinSize    = recordHeaderSize + 4 // the size stands at the end again
)

// chunk is a part of the file that can be read alone: names and templates lie in the chunk that uses them.
type chunk struct {
	buf  []byte
	base int64 // offset in the file

	names     map[int]name
	nameBytes int // of names
	templates map[int]template
	tree      tree // of the templates
	event     event
}

// reset begins a new chunk. Caches are local to a chunk.
func (c *chunk) reset(buf []byte, base int64) {
	c.buf, c.base = buf, base
	if c.names == nil {
		c.names, c.templates = map[int]name{}, map[int]template{}
	}
	clear(c.names)
	c.nameBytes = 0
	clear(c.templates)
	c.tree.reset()
	c.event.c = c
}

// free returns where the header says that the records end.
func (c *chunk) free() uint32 {
	if len(c.buf) < chunkHeaderSize {
		return 0
	}
	return binary.LittleEndian.Uint32(c.buf[48:])
}

func (c *chunk) headerSound() bool {
	sum := crc32.Update(crc32.ChecksumIEEE(c.buf[:120]), crc32.IEEETable, c.buf[128:chunkHeaderSize])
	return sum == binary.LittleEndian.Uint32(c.buf[124:])
}

// sound reports whether both checksums hold.
func (c *chunk) sound() bool {
	free := c.free()
	return c.headerSound() && free >= chunkHeaderSize && int(free) <= len(c.buf) &&
		crc32.ChecksumIEEE(c.buf[chunkHeaderSize:free]) == binary.LittleEndian.Uint32(c.buf[52:])
}

// records yields the records of the chunk. Where the header is not trusted they are followed as far as they go.
func (f *file) records(trusted bool) bool {
	c := &f.chunk
	free, end := int(c.free()), len(c.buf)
	if trusted {
		end = free
	}
	var last uint64
	for at := chunkHeaderSize; at < end; {
		size, msg := c.recordSize(at, end)
		if msg == "" && at >= free && c.recordID(at) != last+1 {
			return true // what the space held before
		}
		if msg != "" {
			if isZero(c.buf[at:end]) || !trusted && at >= free && last > 0 {
				return true
			}
			if !f.damaged(c.base+int64(at), "%s", msg) {
				return false
			}
			if at = c.nextRecord(at+1, end); at < 0 {
				return true
			}
			continue
		}
		if !f.record(at, size) {
			return false
		}
		last = c.recordID(at)
		at += size
	}
	return true
}

func (c *chunk) recordID(at int) uint64 { return binary.LittleEndian.Uint64(c.buf[at+8:]) }

// recordSize returns the size of the record at a place, or what is wrong with it.
func (c *chunk) recordSize(at, end int) (size int, msg string) {
	b := c.buf[at:end]
	if len(b) >= len(recordSignature) && !bytes.HasPrefix(b, []byte(recordSignature)) {
		return 0, "no record signature where a record should begin"
	}
	if len(b) < recordHeaderSize {
		return 0, "a record is cut off"
	}
	n := int64(binary.LittleEndian.Uint32(b[4:]))
	switch {
	case n < recordMinSize:
		return 0, "a record has an impossible size"
	case n > int64(len(b)):
		return 0, "a record goes beyond its chunk or is cut off"
	}
	size = int(n)
	again := binary.LittleEndian.Uint32(b[size-4:])
	if int(again) != size && size != len(b) && !bytes.HasPrefix(b[size:], []byte(recordSignature)) {
		return 0, "the two sizes of a record differ"
	}
	return size, ""
}

// nextRecord returns the next place from at on where a record can be read, or -1.
func (c *chunk) nextRecord(at, end int) int {
	for {
		i := bytes.Index(c.buf[min(at, end):end], []byte(recordSignature))
		if i < 0 {
			return -1
		}
		at += i
		if _, msg := c.recordSize(at, end); msg == "" {
			return at
		}
		at++
	}
}

// record yields one record.
func (f *file) record(at, size int) bool {
	c := &f.chunk
	json, err := c.event.read(at+recordHeaderSize, at+size-4)
	if err != nil {
		return f.yield(Record{}, err)
	}
	return f.yield(Record{
		ID:      c.recordID(at),
		Written: filetime(binary.LittleEndian.Uint64(c.buf[at+16:])),
		Offset:  c.base + int64(at),
		JSON:    json,
	}, nil)
}

// filetime converts the number of 100 ns since 1601.
func filetime(t uint64) time.Time {
	const perSecond, epoch = 10_000_000, 11_644_473_600 // seconds from 1601 to 1970
	return time.Unix(int64(t/perSecond)-epoch, int64(t%perSecond)*100).UTC()
}
