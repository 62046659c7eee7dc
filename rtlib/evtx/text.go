package evtx

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// endUTF16 returns how many bytes of b come before its null character.
func endUTF16(b []byte) int {
	n := len(b) &^ 1
	for i := 0; i < n; i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i
		}
	}
	return n
}

// trimUTF16 returns the length of b without the white space at its end.
func trimUTF16(b []byte) int {
	n := len(b)
	for n > 0 && unicode.IsSpace(rune(binary.LittleEndian.Uint16(b[n-2:]))) {
		n -= 2
	}
	return n
}

func endANSI(b []byte) int {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return i
	}
	return len(b)
}

// nextRune returns the first character of UTF-16 and its size in bytes. Half a surrogate pair gives U+FFFD.
func nextRune(b []byte) (rune, int) {
	r := rune(binary.LittleEndian.Uint16(b))
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(b) >= 4 {
		if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return utf8.RuneError, 2
}

func decodeUTF16(b []byte) string {
	var dst []byte
	for len(b) >= 2 {
		r, n := nextRune(b)
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
	return string(dst)
}

// appendUTF16 appends UTF-16 text, escaped for JSON.
func appendUTF16(dst, b []byte) []byte {
	for len(b) >= 2 {
		if c := b[0]; b[1] == 0 && c < utf8.RuneSelf {
			dst, b = appendASCII(dst, c), b[2:]
			continue
		}
		r, n := nextRune(b)
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
	return dst
}

// appendANSI appends text in the code page Windows-1252, escaped for JSON. The file does not say which code page it is.
func appendANSI(dst, b []byte) []byte {
	for _, c := range b {
		switch {
		case c < utf8.RuneSelf:
			dst = appendASCII(dst, c)
		case c < 0xa0:
			dst = utf8.AppendRune(dst, windows1252[c-0x80])
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst
}

// windows1252 is where the code page differs from Latin-1: 0x80 to 0x9f. Codes without a character stay control characters.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func appendString(dst []byte, s string) []byte {
	for i := range len(s) { // valid UTF-8: beyond ASCII nothing needs an escape
		if c := s[i]; c < utf8.RuneSelf {
			dst = appendASCII(dst, c)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

func appendASCII(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c >= ' ':
		return append(dst, c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', "01"[c>>4], "0123456789abcdef"[c&15])
}
