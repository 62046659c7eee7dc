package rtlib

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD; line separators that JavaScript would obey are
// escaped, HTML is left alone.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		n := plainJSON(s[i:])
		dst = append(dst, s[i:i+n]...)
		if i += n; i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = appendJSONRune(dst, r)
			i += n
			continue
		}
		dst = appendEscape(dst, c)
		i++
	}
	return append(dst, '"')
}

// plainJSON returns how many bytes at the beginning of s are ASCII that stands for itself in a JSON string.
func plainJSON(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if odd := oddJSON(load64(s[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)>>3
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

// oddJSON marks the bytes of w that plainJSON stops at by their high bits. Where a subtraction borrows, bytes above a marked one may be
// marked by mistake; the lowest mark is always right.
func oddJSON(w uint64) uint64 {
	const one = 0x0101010101010101
	quote, backslash, del := w^'"'*one, w^'\\'*one, w^0x7f*one
	return (w | (w-' '*one)&^w | (quote-one)&^quote | (backslash-one)&^backslash | (del-one)&^del) & highBits
}

// appendEscape appends an ASCII character that needs an escape.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendJSONRune appends a character beyond ASCII.
func appendJSONRune(dst []byte, r rune) []byte {
	if r == '\u2028' || r == '\u2029' {
		return append(dst, '\\', 'u', '2', '0', '2', hexDigits[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// AppendJSONLine appends the JSON text raw on one line: line breaks, which can only stand between tokens, become blanks, and
// what is not UTF-8 becomes U+FFFD.
func AppendJSONLine(dst []byte, raw string) []byte {
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	for i := range len(raw) {
		c := raw[i]
		if c == '\n' || c == '\r' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// AppendJSON appends ev as JSON on one line: the document itself, the pairs of a key-value event as an object, or the line of a
// plain one under "_raw". It allocates only for key-value events.
func (ev *Event) AppendJSON(dst []byte) []byte {
	switch ev.shape {
	case ShapeJSON:
		return AppendJSONLine(dst, View(ev.raw))
	case ShapeKV:
		return appendPairs(dst, ev.pairs)
	default:
		dst = append(dst, `{"_raw":`...)
		dst = AppendJSONString(dst, View(ev.raw))
		return append(dst, '}')
	}
}

// appendPairs appends an object; of a repeated key the last occurrence wins.
func appendPairs(dst []byte, pairs []Pair) []byte {
	last := make(map[string]int, len(pairs))
	for i, p := range pairs {
		last[p.Key] = i
	}
	dst = append(dst, '{')
	first := true
	for i, p := range pairs {
		if last[p.Key] != i {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = AppendJSONString(dst, p.Key)
		dst = append(dst, ':')
		dst = AppendJSONString(dst, p.Value)
	}
	return append(dst, '}')
}
