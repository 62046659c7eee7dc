package condition

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind tells the tokens of a condition apart. Whether a word is an operator, a name or a pattern depends on its place,
// so the lexer leaves that to the parser.
type tokenKind uint8

const (
	tokenEnd   tokenKind = iota
	tokenWord            // a run of [A-Za-z0-9_*-]
	tokenOpen            // (
	tokenClose           // )
	tokenStray           // any other character
)

// token is a piece of the condition text, with its byte offset.
type token struct {
	kind   tokenKind
	text   string
	offset int
}

// is reports whether t is the word w.
func (t token) is(w string) bool { return t.kind == tokenWord && t.text == w }

// lex returns the first token of text at or after offset.
func lex(text string, offset int) token {
	for offset < len(text) && isBlank(text[offset]) {
		offset++
	}
	if offset == len(text) {
		return token{kind: tokenEnd, offset: offset}
	}
	switch text[offset] {
	case '(':
		return token{tokenOpen, "(", offset}
	case ')':
		return token{tokenClose, ")", offset}
	}
	end := offset
	for end < len(text) && isWordByte(text[end]) {
		end++
	}
	if end > offset {
		return token{tokenWord, text[offset:end], offset}
	}
	_, size := utf8.DecodeRuneInString(text[offset:])
	return token{tokenStray, text[offset : offset+size], offset}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '*' || c == '-'
}

// isReserved reports whether w is one of the words of the grammar, which cannot be names.
func isReserved(w string) bool {
	switch w {
	case "and", "or", "not", "all", "any", "of", "them":
		return true
	}
	return false
}

// isShouted reports whether w is a word of the grammar in the wrong letter case.
func isShouted(w string) bool { return !isReserved(w) && isReserved(strings.ToLower(w)) }

// isNumber reports whether w consists of digits.
func isNumber(w string) bool {
	return w != "" && strings.Trim(w, "0123456789") == ""
}

// quote returns s in quotes for a message, shortened if it is long.
func quote(s string) string {
	const limit = 60
	if len(s) <= limit {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:limit], "")) + "…"
}
