package modifier

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// byteOrderMark is U+FEFF; in little-endian UTF-16 it is the bytes FF FE.
const byteOrderMark = '\uFEFF'

// encode applies the encodings of section 8.5 in written order. It returns one pattern, or the variants of base64offset, and
// false after an error.
func encode(encodings []string, p sigma.Pattern, report reporter) ([]sigma.Pattern, bool) {
	if len(encodings) == 0 {
		return []sigma.Pattern{p}, true
	}
	charset, strategy := "", encodings[len(encodings)-1]
	if !strings.HasPrefix(strategy, "base64") {
		wide, ok := widen(p, strategy, report)
		return []sigma.Pattern{wide}, ok
	}
	if len(encodings) > 1 {
		charset = encodings[0]
	}
	text, ok := literalText(p)
	if !ok {
		report(diag.CodeWildcardNotAllowed, "wildcard not allowed under modifier %s: escape it", strategy)
		return nil, false
	}
	data := bytesOf(text, charset)
	if strategy == "base64" {
		return []sigma.Pattern{Literal(base64.StdEncoding.EncodeToString(data))}, true
	}
	variants := offsets(data)
	if len(variants) == 0 {
		report(diag.CodeValueTooShort, "value too short for modifier base64offset")
		return nil, false
	}
	return variants, true
}

// bytesOf returns text in a character set: wide, utf16 (with a byte order mark), utf16be, or UTF-8 for "".
func bytesOf(text, charset string) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	switch charset {
	case "":
		return []byte(text)
	case "utf16":
		text = string(byteOrderMark) + text
	case "utf16be":
		order = binary.BigEndian
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// offsets returns what is certain to stand in a Base64 text that holds data at each of the three alignments. The characters
// at both ends that depend on the neighbours of data are left out, and empty variants too.
func offsets(data []byte) []sigma.Pattern {
	dropFirst := [3]int{0, 2, 3}
	dropLast := [3]int{0, 3, 2} // by length modulo 3; counts padding
	var out []sigma.Pattern
	for i := range 3 {
		padded := slices.Concat(make([]byte, i), data)
		text := base64.StdEncoding.EncodeToString(padded)
		end := len(text) - dropLast[len(padded)%3]
		if end > dropFirst[i] {
			out = append(out, Literal(text[dropFirst[i]:end]))
		}
	}
	return out
}

// widen interleaves the literal text with U+0000. Wildcards stay as they are.
func widen(p sigma.Pattern, charset string, report reporter) (sigma.Pattern, bool) {
	var b builder
	if charset == "utf16" {
		b.text.WriteRune(byteOrderMark)
	}
	for _, t := range p {
		if t.Kind != sigma.TokenLiteral {
			b.token(t)
			continue
		}
		for _, r := range t.Text {
			if r >= utf8.RuneSelf {
				report(diag.CodeNotASCII, "not ascii: %q cannot be searched for under modifier %s without base64", r, charset)
				return nil, false
			}
			if charset == "utf16be" {
				b.text.WriteByte(0)
			}
			b.text.WriteRune(r)
			if charset != "utf16be" {
				b.text.WriteByte(0)
			}
		}
	}
	return b.pattern(), true
}
