package rtlib

import (
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"
)

// FoldRune returns the representative of the runes that differ from r only in letter case, which are those of its
// unicode.SimpleFold orbit: the lower-case ASCII letter if the orbit has one (k for the Kelvin sign, s for the long s), else
// the smallest rune of the orbit. It is the one folding that rules and events share.
//
// Source: sigma-language.md section 7.1.
func FoldRune(r rune) rune {
	if uint32(r) < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	if page := uint32(r) >> 8; page < uint32(len(foldPages)) && foldPages[page] != nil {
		return foldPages[page][r&0xff]
	}
	return r
}

// Fold returns s with every rune replaced by FoldRune of it, or s itself if nothing changes. Invalid UTF-8 becomes U+FFFD, a
// byte each. Two valid texts are equal under strings.EqualFold if and only if Fold makes them equal; folded valid text is
// never longer than the original.
func Fold(s string) string {
	i := foldedPrefix(s)
	if i == len(s) {
		return s
	}
	dst := make([]byte, i, len(s)+8)
	copy(dst, s)
	return View(AppendFold(dst, s[i:]))
}

// AppendFold appends Fold(s) to dst.
func AppendFold(dst []byte, s string) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s)+8)[:n+len(s)]
	out := dst[n:]
	i := 0
	for ; i+8 <= len(s) && i+8 <= len(out); i += 8 {
		w := load64(s[i:])
		if w&highBits != 0 {
			return appendFoldRunes(dst[:n+i], s[i:])
		}
		binary.LittleEndian.PutUint64(out[i:], w|upperBits(w)>>2)
	}
	if i < len(s) && len(s) >= 8 { // the last word overlaps the one before
		if w := load64(s[len(s)-8:]); w&highBits == 0 {
			binary.LittleEndian.PutUint64(out[len(s)-8:], w|upperBits(w)>>2)
			return dst
		}
	}
	for ; i < len(s) && i < len(out); i++ {
		if s[i] >= utf8.RuneSelf {
			return appendFoldRunes(dst[:n+i], s[i:])
		}
		out[i] = lowerASCII[s[i]]
	}
	return dst
}

// appendFoldRunes is AppendFold for text that is not ASCII.
func appendFoldRunes(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, lowerASCII[c])
			i++
		case c < 0xe0 && i+1 < len(s) && c >= 0xc2 && s[i+1]&0xc0 == 0x80: // two bytes, the most common length
			r := FoldRune(rune(c&0x1f)<<6 | rune(s[i+1]&0x3f))
			if r < utf8.RuneSelf {
				dst = append(dst, byte(r))
			} else {
				dst = append(dst, 0xc0|byte(r>>6), 0x80|byte(r&0x3f))
			}
			i += 2
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, FoldRune(r))
			i += size
		}
	}
	return dst
}

// foldedPrefix returns the length of a prefix of s that folding leaves as it is; len(s) if that is all of s.
func foldedPrefix(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if w := load64(s[i:]); w&highBits != 0 || upperBits(w) != 0 {
			break
		}
	}
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if FoldRune(r) != r || r == utf8.RuneError && size == 1 {
			break
		}
		i += size
	}
	return i
}

// lowerASCII maps the ASCII characters to their folded form.
var lowerASCII = newLowerASCII()

func newLowerASCII() (t [utf8.RuneSelf]byte) {
	for c := range t {
		t[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			t[c] += 'a' - 'A'
		}
	}
	return t
}

const highBits = 0x8080808080808080

// upperBits returns the high bit of each byte of w that is an upper-case ASCII letter. Shifted right by two, it is what
// makes them lower case.
func upperBits(w uint64) uint64 {
	x := w &^ highBits
	return (x + 0x3f3f3f3f3f3f3f3f) &^ (x + 0x2525252525252525) &^ w & highBits
}

// load64 returns the first eight bytes of s, which has them, as a little-endian number.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// foldPages maps runes to their representatives, in pages of 256 runes; a page without letter case is nil.
var foldPages = newFoldPages()

func newFoldPages() []*[256]rune {
	var pages []*[256]rune
	for _, cr := range unicode.CaseRanges {
		for r := rune(cr.Lo); r <= rune(cr.Hi); r++ {
			if f := orbitMin(r); f != r {
				pages = setFold(pages, r, f)
			}
		}
	}
	return pages
}

func setFold(pages []*[256]rune, r, folded rune) []*[256]rune {
	i := int(r >> 8)
	for len(pages) <= i {
		pages = append(pages, nil)
	}
	if pages[i] == nil {
		pages[i] = new([256]rune)
		for j := range pages[i] {
			pages[i][j] = r&^0xff + rune(j)
		}
	}
	pages[i][r&0xff] = folded
	return pages
}

// orbitMin walks the folding orbit of r. Its smallest rune is an upper-case letter if it is ASCII, hence the last step.
func orbitMin(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}
