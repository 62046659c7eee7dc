package correlate

import (
	"encoding/binary"
	"math/bits"
)

// An arena hands out blocks of memory that are addressed by 32-bit numbers. What groups hold lies in arenas, so that a million
// groups are a few thousand objects without pointers to the garbage collector.
//
// Blocks come in four sizes per octave. A page holds blocks of one size; a page whose blocks are all free is given back, so
// that memory which one size has left serves another. Larger blocks have a page of their own.
type arena[T any] struct {
	unit  uint32 // elements per unit of address and size
	pages []page[T]
	// By size class: the pages with free blocks, as a list, and how many pages there are.
	open  [classes]uint32
	count [classes]uint32
	holes []uint32 // numbers of pages that were given back
}

// An address is the number of a page and a unit in it. Page 0 does not exist, so address 0 is no block.
const (
	pageBits   = 12
	pageUnits  = 1 << pageBits
	firstPages = 16 // blocks in the first page of a size; later ones are larger, so that a small rule set stays small
	hugeUnits  = 1 << 16
	classes    = 4 * 31
)

type page[T any] struct {
	data       []T
	free       []uint64 // bit set of the free blocks
	blocks     uint32
	freeBlocks uint32
	hint       uint32 // no word of free before this one has a bit
	prev, next uint32 // in the list of open pages; 0 ends it
	class      uint8
}

// sizeOf returns the units of a block of a class: 1 2 3 4 5 6 7 8 10 12 14 16 20 …
func sizeOf(class uint8) uint32 {
	if class < 4 {
		return uint32(class) + 1
	}
	return (uint32(class)%4 + 5) << (class/4 - 1)
}

// classOf returns the smallest class whose blocks hold n units.
func classOf(n uint32) uint8 {
	if n <= 4 {
		return uint8(max(n, 1) - 1)
	}
	shift := uint8(bits.Len32(n-1)) - 3 // n-1 has its leading three bits at shift
	return 4*(shift+1) + uint8((n-1)>>shift) - 4
}

// alloc returns a block of a class. Its contents are whatever was there.
func (a *arena[T]) alloc(class uint8) uint32 {
	i := a.open[class]
	if i == 0 {
		i = a.addPage(class)
	}
	p := &a.pages[i]
	for p.free[p.hint] == 0 {
		p.hint++
	}
	bit := uint32(bits.TrailingZeros64(p.free[p.hint]))
	p.free[p.hint] &^= 1 << bit
	if p.freeBlocks--; p.freeBlocks == 0 {
		a.unlink(i)
	}
	return i<<pageBits | (p.hint*64+bit)*sizeOf(class)
}

// release takes a block back.
func (a *arena[T]) release(ref uint32, class uint8) {
	i := ref >> pageBits
	p := &a.pages[i]
	block := ref & (pageUnits - 1) / sizeOf(class)
	p.free[block/64] |= 1 << (block % 64)
	p.hint = min(p.hint, block/64)
	if p.freeBlocks++; p.freeBlocks == 1 {
		a.link(i)
	}
	// An empty page stays if it is the only one that has room, lest it is made anew at once, unless it is huge.
	if p.freeBlocks == p.blocks && (p.prev != 0 || p.next != 0 || sizeOf(class) > hugeUnits) {
		a.unlink(i)
		a.count[class]--
		a.pages[i] = page[T]{}
		a.holes = append(a.holes, i)
	}
}

// block returns the elements of a block.
func (a *arena[T]) block(ref uint32, class uint8) []T {
	from := (ref & (pageUnits - 1)) * a.unit
	to := from + sizeOf(class)*a.unit
	return a.pages[ref>>pageBits].data[from:to:to]
}

// addPage makes a page for blocks of a class.
func (a *arena[T]) addPage(class uint8) uint32 {
	size := sizeOf(class)
	blocks := max(pageUnits/size, 1)
	if n := a.count[class]; n < 8 {
		blocks = min(blocks, firstPages<<n)
	}
	i := uint32(len(a.pages))
	switch n := len(a.holes); {
	case n > 0:
		i = a.holes[n-1]
		a.holes = a.holes[:n-1]
	case i == 0:
		a.pages = append(a.pages, page[T]{}, page[T]{})
		i = 1
	default:
		a.pages = append(a.pages, page[T]{})
	}
	if i >= 1<<(32-pageBits) {
		panic("correlate: more state than 32-bit addresses reach") // 16 GiB or more
	}
	p := page[T]{
		data:   make([]T, uint64(blocks)*uint64(size)*uint64(a.unit)),
		free:   make([]uint64, (blocks+63)/64),
		blocks: blocks, freeBlocks: blocks, class: class,
	}
	for k := range blocks {
		p.free[k/64] |= 1 << (k % 64)
	}
	a.pages[i] = p
	a.count[class]++
	a.link(i)
	return i
}

func (a *arena[T]) link(i uint32) {
	p := &a.pages[i]
	p.prev, p.next = 0, a.open[p.class]
	if p.next != 0 {
		a.pages[p.next].prev = i
	}
	a.open[p.class] = i
}

func (a *arena[T]) unlink(i uint32) {
	p := &a.pages[i]
	if p.next != 0 {
		a.pages[p.next].prev = p.prev
	}
	if p.prev != 0 {
		a.pages[p.prev].next = p.next
	} else {
		a.open[p.class] = p.next
	}
	p.prev, p.next = 0, 0
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
	data := a.pages[ref>>pageBits].data[(ref&(pageUnits-1))*a.unit:]
	size, n := uint64(data[0]), 1
	if size >= 0x80 {
		size, n = binary.Uvarint(data)
	}
	return data[n : n+int(size) : n+int(size)]
}

func (a *texts) drop(ref uint32) {
	size := len(a.at(ref))
	var head [binary.MaxVarintLen64]byte
	a.release(ref, a.class(binary.PutUvarint(head[:], uint64(size)), size))
}

func (a *texts) class(head, size int) uint8 { return classOf(uint32((head + size + 7) / 8)) }
