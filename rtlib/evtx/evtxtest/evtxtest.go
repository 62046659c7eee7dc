// Package evtxtest writes small Windows event logs for tests, laid out as Windows does it, so that no test needs a file. It
// writes what it is told to, nonsense included. Only tests import it.
package evtxtest

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

const (
	fileHeaderSize  = 4096
	chunkHeaderSize = 512
	chunkSize       = 64 << 10
)

var le = binary.LittleEndian

// UTF16 returns s as little-endian UTF-16.
func UTF16(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// Chunk is a chunk in the making. Offsets in BinXML are those of Buf.
type Chunk struct {
	Buf  []byte
	Bare bool // elements get no dependency identifier

	names     map[string]int
	templates map[string]int
}

// NewChunk returns a chunk without records.
func NewChunk() *Chunk {
	return &Chunk{Buf: make([]byte, chunkHeaderSize), names: map[string]int{}, templates: map[string]int{}}
}

func (c *Chunk) put(b ...byte) { c.Buf = append(c.Buf, b...) }
func (c *Chunk) u16(x int)     { c.Buf = le.AppendUint16(c.Buf, uint16(x)) }
func (c *Chunk) u32(x int)     { c.Buf = le.AppendUint32(c.Buf, uint32(x)) }

// sized writes a size, then what write does, and puts the size of it in.
func (c *Chunk) sized(write func()) {
	at := len(c.Buf)
	c.u32(0)
	write()
	le.PutUint32(c.Buf[at:], uint32(len(c.Buf)-at-4))
}

// name writes a reference to a name, and the name itself on its first use.
func (c *Chunk) name(s string) {
	if at, ok := c.names[s]; ok {
		c.u32(at)
		return
	}
	c.u32(len(c.Buf) + 4)
	c.names[s] = len(c.Buf)
	c.u32(0) // next of the same hash
	c.u16(0) // hash
	c.counted(s)
	c.u16(0)
}

func (c *Chunk) counted(s string) {
	text := UTF16(s)
	c.u16(len(text) / 2)
	c.put(text...)
}

// Record appends a record; written counts 100 ns since 1601.
func (c *Chunk) Record(id, written uint64, body Part) {
	at := len(c.Buf)
	c.put('*', '*', 0, 0)
	c.u32(0)
	c.Buf = le.AppendUint64(c.Buf, id)
	c.Buf = le.AppendUint64(c.Buf, written)
	c.fragment()
	body(c)
	c.put(0)
	for len(c.Buf)%8 != 4 {
		c.put(0)
	}
	c.u32(len(c.Buf) + 4 - at)
	le.PutUint32(c.Buf[at+4:], uint32(len(c.Buf)-at))
}

func (c *Chunk) fragment() { c.put(0x0f, 1, 1, 0) }

// Bytes returns the chunk in its full size, with its header.
func (c *Chunk) Bytes() []byte {
	b := make([]byte, chunkSize)
	copy(b, c.Buf)
	copy(b, "ElfChnk\x00")
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[48:], uint32(len(c.Buf)))
	Seal(b)
	return b
}

// Seal renews both checksums of a chunk.
func Seal(chunk []byte) {
	le.PutUint32(chunk[52:], crc32.ChecksumIEEE(chunk[chunkHeaderSize:le.Uint32(chunk[48:])]))
	SealHeader(chunk)
}

// SealHeader renews the checksum of the header of a chunk.
func SealHeader(chunk []byte) {
	sum := crc32.Update(crc32.ChecksumIEEE(chunk[:120]), crc32.IEEETable, chunk[128:chunkHeaderSize])
	le.PutUint32(chunk[124:], sum)
}

// Log returns a log of chunks.
func Log(chunks ...[]byte) []byte {
	log := make([]byte, fileHeaderSize)
	copy(log, "ElfFile\x00")
	le.PutUint32(log[32:], 128)
	le.PutUint16(log[40:], fileHeaderSize)
	le.PutUint16(log[42:], uint16(len(chunks)))
	SealFile(log)
	for _, c := range chunks {
		log = append(log, c...)
	}
	return log
}

// SealFile renews the checksum of the file header.
func SealFile(log []byte) { le.PutUint32(log[124:], crc32.ChecksumIEEE(log[:120])) }
