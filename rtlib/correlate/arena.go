package correlate

import (
	"encoding/binary"
	"math/bits"
)

// An arena hands out blocks of memory that are addressed by 32-bit numbers. What a group holds lies in arenas, so that a
// million groups are a few hundred objects without pointers to the garbage collector. Blocks come in two sizes per octave and
// are reused; chunks are never given back, except those of blocks that are larger than a chunk.
type arena[T any] struct {
	unit   uint32 // elements per unit of address and size
	chunks [][]T
	next   uint32          // units used of the last chunk that is shared
	open   int             // its number
	free   [sizes][]uint32 // blocks by size class
	holes  []uint32        // numbers of chunks that were given back
}

// Address 0 is no block. The upper 16 bits of an address are the number of the chunk.
const (
	chunkBits  = 16
	chunkUnits = 1 << chunkBits
	firstChunk = 1 << 10 // units; chunks grow from there, so that a small rule set stays small
	sizes      = 63
)

// sizeOf returns the units of a block of a class: 1 2 3 4 6 8 12 16 …
func sizeOf(class uint8) uint32 {
	if class == 0 {
		return 1
	}
	half := (class + 1) / 2
	if class&1 == 1 {
		return 1 << half
	}
	return 3 << (half - 1)
}

// classOf returns the smallest class whose blocks hold n units.
func classOf(n uint32) uint8 {
	if n <= 1 {
		return 0
	}
	half := uint8(bits.Len32(n - 1))
	if half >= 2 && 3<<(half-2) >= n {
		return 2*half - 2
	}
	return 2*half - 1
}

// alloc returns a block of a class. Its contents are whatever was there.
func (a *arena[T]) alloc(class uint8) uint32 {
	if list := a.free[class]; len(list) > 0 {
		a.free[class] = list[:len(list)-1]
		return list[len(list)-1]
	}
	size := sizeOf(class)
	if size > chunkUnits {
		return a.addChunk(size) << chunkBits
	}
	if len(a.chunks) == 0 || a.next+size > a.room() {
		a.recycleRest()
		a.openChunk(size)
	}
	ref := uint32(a.open)<<chunkBits | a.next
	a.next += size
	return ref
}

// room returns the units of the open chunk.
func (a *arena[T]) room() uint32 { return uint32(len(a.chunks[a.open])) / a.unit }

func (a *arena[T]) openChunk(size uint32) {
	units := uint32(firstChunk)
	for n := len(a.chunks); n > 0 && units < chunkUnits; n-- {
		units *= 2
	}
	for units <= size && units < chunkUnits {
		units *= 2
	}
	a.open = int(a.addChunk(units))
	a.next = 0
	if a.open == 0 {
		a.next = 1
	}
}

// recycleRest turns what is left of the open chunk into free blocks.
func (a *arena[T]) recycleRest() {
	for len(a.chunks) > 0 && a.next < a.room() {
		class := classOf(a.room() - a.next)
		for sizeOf(class) > a.room()-a.next {
			class--
		}
		a.free[class] = append(a.free[class], uint32(a.open)<<chunkBits|a.next)
		a.next += sizeOf(class)
	}
}

func (a *arena[T]) addChunk(units uint32) uint32 {
	chunk := make([]T, int(units)*int(a.unit))
	if n := len(a.holes); n > 0 {
		i := a.holes[n-1]
		a.holes = a.holes[:n-1]
		a.chunks[i] = chunk
		return i
	}
	if len(a.chunks) == 0 && units > chunkUnits {
		a.chunks = append(a.chunks, nil) // keep chunk 0 for small blocks: address 0 is no block
		a.chunks[0] = make([]T, firstChunk*int(a.unit))
		a.next = 1
	}
	a.chunks = append(a.chunks, chunk)
	return uint32(len(a.chunks) - 1)
}

// release takes a block back.
func (a *arena[T]) release(ref uint32, class uint8) {
	if sizeOf(class) > chunkUnits {
		a.chunks[ref>>chunkBits] = nil
		a.holes = append(a.holes, ref>>chunkBits)
		return
	}
	a.free[class] = append(a.free[class], ref)
}

// block returns the elements of a block.
func (a *arena[T]) block(ref uint32, class uint8) []T {
	from := (ref & (chunkUnits - 1)) * a.unit
	to := from + sizeOf(class)*a.unit
	return a.chunks[ref>>chunkBits][from:to:to]
}

// texts holds byte strings in blocks of eight bytes, each with its length in front.
type texts struct{ arena[byte] }

func newTexts() texts { return texts{arena[byte]{unit: 8}} }

// put stores a copy of b.
func (a *texts) put(b []byte) uint32 {
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(b)))
	class := a.class(n, len(b))
	ref := a.alloc(class)
	block := a.block(ref, class)
	copy(block, head[:n])
	copy(block[n:], b)
	return ref
}

// at returns the string at ref. It is valid until it is dropped.
func (a *texts) at(ref uint32) []byte {
	chunk := a.chunks[ref>>chunkBits][(ref&(chunkUnits-1))*a.unit:]
	size, n := binary.Uvarint(chunk)
	return chunk[n : n+int(size) : n+int(size)]
}

func (a *texts) drop(ref uint32) {
	size := len(a.at(ref))
	var head [binary.MaxVarintLen64]byte
	a.release(ref, a.class(binary.PutUvarint(head[:], uint64(size)), size))
}

func (a *texts) class(head, size int) uint8 { return classOf(uint32((head + size + 7) / 8)) }
