package decode

import (
	"math/bits"

	"github.com/rsigma-go/rsigma/rtlib"
)

// escape maps the character after a backslash to what the pair stands for. 'u' stands for itself and is handled apart; 0: not
// an escape.
var escape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'u': 'u'}

// skipString checks the string literal whose text begins at i and returns the position after its closing quote.
func (d *decoder) skipString(i int) int {
	b := d.line
	for {
		for i+16 <= len(b) {
			m := special(load(b, i))
			if m == 0 {
				i += 8
				if m = special(load(b, i)); m == 0 {
					i += 8
					continue
				}
			}
			i += bits.TrailingZeros64(m) >> 3
			goto found
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		if i >= len(b) {
			return d.fail(i, "unterminated string")
		}
	found:
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			if i = d.skipEscape(i); i < 0 {
				return i
			}
		default:
			return d.fail(i, "control character in string")
		}
	}
}

// skipEscape checks the escape at i and returns its end.
func (d *decoder) skipEscape(i int) int {
	b := d.line
	if i+1 >= len(b) || escape[b[i+1]] == 0 {
		return d.fail(i, "invalid escape in string")
	}
	if b[i+1] != 'u' {
		return i + 2
	}
	if hex4(b, i+2) < 0 {
		return d.fail(i, "invalid \\u escape in string")
	}
	return i + 6
}

// hex4 returns the value of the four hexadecimal digits at i, or -1.
func hex4(b []byte, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// key reads the key whose text begins at i and returns its entry in n, nil if nobody asks for it, and the position after the
// closing quote.
func (d *decoder) key(n *node, i int) (e *entry, end int) {
	b := d.line
	if i+16 > len(b) {
		return d.oddKey(n, i)
	}
	lo, w := load(b, i), load(b, i+8)
	size := bits.TrailingZeros64(special(lo)|lo&highBits) >> 3
	size += size >> 3 * (bits.TrailingZeros64(special(w)|w&highBits) >> 3) // the second word counts if the first is full
	for at := i + 16; size == at-i && at+8 <= len(b); at += 8 {
		w = load(b, at)
		size += bits.TrailingZeros64(special(w)|w&highBits) >> 3
	}
	end = i + size
	if end < len(b) && b[end] == '"' {
		if size < 8 {
			return n.find(lo&(1<<(8*size)-1), 0, rtlib.View(b[i:end])), end + 1
		}
		return n.find(lo, load(b, end-8), rtlib.View(b[i:end])), end + 1
	}
	return d.oddKey(n, i)
}

// oddKey is key for keys with escapes or beyond ASCII, and at the very end of the line.
func (d *decoder) oddKey(n *node, i int) (e *entry, end int) {
	start := len(d.arena)
	end, _ = d.copyString(i, asIs)
	if end < 0 {
		return nil, end
	}
	key := rtlib.View(d.arena[start:])
	d.arena = d.arena[:start]
	lo, hi := hashWords(key)
	return n.find(lo, hi, key), end
}
