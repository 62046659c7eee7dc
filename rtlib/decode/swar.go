package decode

import "encoding/binary"

// Eight bytes are looked at at once, as a little-endian number. A mask marks bytes by their high bits. Where a subtraction
// borrows, bytes above a marked one may be marked by mistake; the lowest mark is always right.

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// loadString is load for the beginning of s, which has eight bytes.
func loadString(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func store(b []byte, i int, w uint64) { binary.LittleEndian.PutUint64(b[i:], w) }

// special marks quotes, backslashes and control characters: what ends the plain part of a string literal. Exchanging 0x20
// and 0x22 puts the quote right above the control characters, so that one comparison finds both.
func special(w uint64) uint64 {
	q := w ^ 2*lowBits
	s := w ^ '\\'*lowBits
	return ((q-0x21*lowBits)&^q | (s-lowBits)&^s) & highBits
}

// upper marks the upper-case ASCII letters. Shifted right by two, the mask makes them lower case. All marks are right.
func upper(w uint64) uint64 {
	x := w &^ highBits
	return (x + (0x80-'A')*lowBits) &^ (x + (0x7f-'Z')*lowBits) &^ w & highBits
}

// exactSpecial marks what special marks, and all bytes beyond ASCII; all its marks are right.
func exactSpecial(w uint64) uint64 {
	q := (w ^ 2*lowBits) &^ highBits
	s := w ^ '\\'*lowBits
	q += (0x80 - 0x21) * lowBits
	s = s&^highBits + 0x7f*lowBits
	return (^(q & s) | w) & highBits
}

// blockSize is the number of bytes that blockMask looks at.
const blockSize = 64

// blockMask returns a bit for each byte of block that exactSpecial marks.
func blockMask(block *[blockSize]byte) uint64 {
	var mask uint64
	for k := 0; k < blockSize; k += 8 {
		// The product moves the marks side by side into the highest byte.
		mask |= exactSpecial(binary.LittleEndian.Uint64(block[k:k+8])) * 0x0002040810204081 >> 56 << k
	}
	return mask
}
