// Package multi answers, for one text and very many literals at once, which of the literals the text equals, begins with, ends
// with or contains. It is the search index behind package ruleset. The tables know nothing of rules and fields: literals are
// numbered by their position in the slice that a table is built from, texts and literals are compared byte by byte (callers
// fold both). Tables are immutable and safe for concurrent use; looking things up allocates nothing but what it appends.
package multi

import "unsafe"

// load64 reads the 8 bytes of s at i. The caller guarantees i+8 <= len(s).
func load64(s string, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))
}

// load32 reads the 4 bytes of s at i. The caller guarantees i+4 <= len(s).
func load32(s string, i int) uint32 {
	return *(*uint32)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))
}

// Multipliers with well-mixed bits (odd parts of the golden ratio and of the square roots of 3 and 5).
const (
	mul1 = 0x9E3779B97F4A7C15
	mul2 = 0xBB67AE8584CAA73B
	mul3 = 0x3C6EF372FE94F82B
)

// hashBytes hashes the n bytes of s from i on by looking at its first and last bytes only. That is enough for a table whose
// hits are verified, and it costs the same for long texts.
func hashBytes(s string, i, n int) uint64 {
	var a, b uint64
	switch {
	case n >= 8:
		a, b = load64(s, i), load64(s, i+n-8)
		if n > 16 {
			a ^= load64(s, i+n/2-4) * mul3
		}
	case n >= 4:
		a, b = uint64(load32(s, i)), uint64(load32(s, i+n-4))
	case n > 0:
		a, b = uint64(s[i])|uint64(s[i+n/2])<<8, uint64(s[i+n-1])
	}
	h := (a ^ uint64(n)) * mul1
	h ^= h >> 29
	h = (h ^ b) * mul2
	return h ^ h>>32
}
