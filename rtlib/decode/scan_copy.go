package decode

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// A trait of a string literal that copyString met.
type trait uint8

const (
	escaped  trait = 1 << iota // has escapes: the text differs from the source
	invalid                    // has invalid UTF-8: the text differs from the source
	foldable                   // may differ from its folded form
)

// slack is by how much the arena is larger than its content must be, so that words can be stored as a whole.
const slack = 64

// room makes room for n more bytes, and slack, in the arena.
func (d *decoder) room(n int) {
	if cap(d.arena)-len(d.arena) < n+slack {
		d.arena = append(make([]byte, 0, 2*cap(d.arena)+n+slack), d.arena...)
	}
}

// A mode says what copyString does with letters.
type mode uint64

const (
	asIs   mode = 0
	folded mode = 1<<64 - 1
)

// copyString checks the string literal whose text begins at i, appends its text, folded or as it is, to the arena and returns
// the position after its closing quote.
func (d *decoder) copyString(i int, m mode) (end int, traits trait) {
	b := d.line
	d.room(len(b) - i) // no text is longer than its source, except invalid UTF-8
	dst, n := d.arena[:cap(d.arena)], len(d.arena)
	var up uint64
	for {
		for i+8 <= len(b) {
			w := load(b, i)
			u := upper(w)
			store(dst, n, w|u>>2&uint64(m))
			if s := special(w) | w&highBits; s != 0 {
				k := bits.TrailingZeros64(s)
				up |= u & (1<<k - 1)
				i += k >> 3
				n += k >> 3
				goto found
			}
			up |= u
			i += 8
			n += 8
		}
		for ; i < len(b) && plainASCII(b[i]); i++ {
			folded := byte(rtlib.FoldRune(rune(b[i])))
			up |= uint64(folded ^ b[i])
			dst[n] = b[i] ^ (folded^b[i])&byte(m)
			n++
		}
		if i >= len(b) {
			return d.fail(i, "unterminated string"), 0
		}
	found:
		switch {
		case b[i] == '"':
			d.arena = dst[:n]
			if up != 0 {
				traits |= foldable
			}
			return i + 1, traits
		case b[i] == '\\' && i+1 < len(b) && isSimple(escape[b[i+1]]):
			start := i
			if i, n = copyBlocks(dst, n, b, i, m); i > start+2 {
				traits |= foldable // nobody looked
			}
			traits |= escaped
		default:
			var more trait
			d.arena = dst[:n]
			if i, more = d.copyOdd(i, m); i < 0 {
				return i, 0
			}
			traits |= more
			dst, n = d.arena[:cap(d.arena)], len(d.arena)
		}
	}
}

// isSimple reports whether e, from the table escape, is what a backslash and one character stand for.
func isSimple(e byte) bool { return e != 0 && e != 'u' }

// blockTail is how many bytes beyond a block copyBlocks may read: its last escape may begin at the last byte.
const blockTail = 2 + 32

// copyBlocks goes on with copyString where escapes are, of which real telemetry is full: a path has one every eight bytes. It
// copies to dst[n:] up to the next thing that is neither a plain character nor a simple escape, or to the last bytes of b,
// and returns the new i and n. At i there is a simple escape.
//
// The positions of all escapes in a block are found at once, since finding them one by one is a chain of dependent steps and
// of branches that no processor can predict.
func copyBlocks(dst []byte, n int, b []byte, i int, m mode) (_, _ int) {
	dst[n] = escape[b[i+1]]
	n++
	i += 2
	for i+blockSize+blockTail <= len(b) {
		block := b[i : i+blockSize+blockTail]
		start := 0 // of what is not copied yet
		for mask := blockMask((*[blockSize]byte)(block)); ; {
			k := min(bits.TrailingZeros64(mask), blockSize)
			if m == asIs { // most pieces are short: copying too much costs less than a branch
				out := dst[n : n+2*16]
				*(*[16]byte)(out) = [16]byte(block[start:])
				*(*[16]byte)(out[16:]) = [16]byte(block[start+16:])
				for at := start + 32; at < k; at += 16 {
					*(*[16]byte)(dst[n+at-start:]) = [16]byte(block[at:])
				}
			} else {
				for at := start; at < k; at += 16 {
					w, w2 := load(block, at), load(block, at+8)
					out := (*[16]byte)(dst[n+at-start:])
					binary.LittleEndian.PutUint64(out[:8], w|upper(w)>>2)
					binary.LittleEndian.PutUint64(out[8:], w2|upper(w2)>>2)
				}
			}
			n += max(k-start, 0)
			if k == blockSize {
				i += max(k, start)
				break
			}
			e := escape[block[k+1]]
			if block[k] != '\\' || !isSimple(e) {
				return i + k, n
			}
			dst[n] = e
			n++
			start = k + 2
			mask &= ^uint64(0) << (k + 2)
		}
	}
	return i, n
}

// copyOdd is copyString for a \u escape or a run of non-ASCII characters at i, and fails on anything else. It returns where it
// ends.
func (d *decoder) copyOdd(i int, m mode) (end int, traits trait) {
	b := d.line
	if b[i] < utf8.RuneSelf {
		if b[i] != '\\' {
			return d.fail(i, "control character in string"), 0
		}
		end = d.skipEscape(i)
		if end >= 0 {
			r, size := unescapeRune(b[i:])
			d.appendRune(r, m)
			end = i + size
		}
		return end, escaped | foldable
	}
	for i < len(b) && b[i] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			traits |= invalid
			d.room(len(b) - i + utf8.UTFMax)
		}
		d.appendRune(r, m)
		i += size
	}
	d.room(len(b) - i)
	return i, traits | foldable
}

func (d *decoder) appendRune(r rune, m mode) {
	if m == folded {
		r = rtlib.FoldRune(r)
	}
	d.arena = utf8.AppendRune(d.arena, r)
}

func plainASCII(c byte) bool { return ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' }

// unescapeRune reads the valid \u escape that src begins with, and the second half of a surrogate pair.
func unescapeRune(src []byte) (r rune, size int) {
	r = hex4(src, 2)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(src) >= 12 && src[6] == '\\' && src[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(src, 8)); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}
