package rtlib

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file navigate valid JSON source text. They are the slow and obviously correct path: for the members
// of array blocks, for reports, and as the yardstick of package decode. Their cost is proportional to the text they look at.

// maxStringDepth is the number of levels that keywords search; the value handed to eachString is on level 1.
const maxStringDepth = 64

// LookupRaw calls f, in order, with the source text of each value that path p reaches from src, a valid JSON value. The whole
// name as a key of an object src wins, else the steps are walked; an array on the way stands for each of its elements, also
// if src itself is one. Of members with equal keys the last one counts.
//
// Source: sigma-language.md sections 6.3 and 11.
func LookupRaw(src string, p *Path, f func(raw string)) {
	src = trimSpace(src)
	if isObject(src) {
		if raw, ok := memberRaw(src, p.Name); ok {
			f(raw)
			return
		}
	}
	if p.Steps != nil {
		walkRaw(src, p.Steps, f)
	} else if isArray(src) {
		walkRaw(src, []Step{{Key: p.Name}}, f)
	}
}

func walkRaw(src string, steps []Step, f func(raw string)) {
	switch {
	case len(steps) == 0:
		f(src)
	case isArray(src):
		eachElement(src, func(elem string) bool {
			walkRaw(elem, steps, f)
			return false
		})
	case isObject(src):
		raw, ok := memberRaw(src, steps[0].Key)
		for _, n := range steps[0].Index {
			if ok {
				raw, ok = elementRaw(raw, n)
			}
		}
		if ok {
			walkRaw(raw, steps[1:], f)
		}
	}
}

// memberRaw returns the source text of the last member of the object src whose key is key.
func memberRaw(src, key string) (raw string, ok bool) {
	eachMember(src, func(k, value string) bool {
		if k == key {
			raw, ok = value, true
		}
		return false
	})
	return raw, ok
}

// elementRaw returns element n of src, counted from the back if n is negative. There is none if src is not an array.
func elementRaw(src string, n int) (raw string, ok bool) {
	if !isArray(src) {
		return "", false
	}
	if n < 0 {
		eachElement(src, func(string) bool { n++; return false })
		if n < 0 {
			return "", false
		}
	}
	ok = eachElement(src, func(elem string) bool {
		raw = elem
		n--
		return n < 0
	})
	return raw, ok
}

// PutRaw puts the JSON value raw, which must be valid and stay unchanged until ev is reset, as a value of field id. An array is
// put with its flattened elements: nested arrays dissolve, nulls and objects are kept.
func (ev *Event) PutRaw(id FieldID, raw string) {
	raw = trimSpace(raw)
	ev.Put(id, rawValue(raw))
	if isArray(raw) {
		ev.putElements(id, raw)
	}
}

func (ev *Event) putElements(id FieldID, raw string) {
	eachElement(raw, func(elem string) bool {
		if isArray(elem) {
			ev.putElements(id, elem)
		} else {
			ev.PutElement(id, rawValue(elem))
		}
		return false
	})
}

func rawValue(raw string) Value {
	v := Value{Raw: raw}
	switch raw[0] {
	case '"':
		v.Kind, v.Text = String, unquote(raw)
		v.Fold = Fold(v.Text)
	case '{':
		v.Kind = Object
	case '[':
		v.Kind = Array
	case 'n':
		v.Kind = Null
	case 't', 'f':
		v.Kind, v.Text, v.Fold = Bool, raw, raw
	default:
		v.Text, v.Kind = NumberText(raw)
		v.Fold = v.Text
	}
	return v
}

// eachElement calls f for the elements of the array raw until f returns true, and reports whether it did.
func eachElement(raw string, f func(elem string) bool) bool {
	for i := skipSpace(raw, 1); raw[i] != ']'; i = skipComma(raw, i) {
		end := skipRaw(raw, i)
		if f(raw[i:end]) {
			return true
		}
		i = end
	}
	return false
}

// eachMember calls f for the members of the object raw, key unquoted, until f returns true, and reports whether it did.
func eachMember(raw string, f func(key, value string) bool) bool {
	for i := skipSpace(raw, 1); raw[i] != '}'; i = skipComma(raw, i) {
		end := skipRaw(raw, i)
		key := unquote(raw[i:end])
		i = skipSpace(raw, end)
		i = skipSpace(raw, i+1) // the colon
		end = skipRaw(raw, i)
		if f(key, raw[i:end]) {
			return true
		}
		i = end
	}
	return false
}

// eachString calls f for the string values in raw, at any depth down to maxStringDepth and without keys, until f returns true,
// and reports whether it did.
func eachString(raw string, f func(text string) bool) bool {
	return eachStringBelow(trimSpace(raw), 1, f)
}

func eachStringBelow(raw string, level int, f func(text string) bool) bool {
	switch {
	case level > maxStringDepth:
		return false
	case raw[0] == '"':
		return f(unquote(raw))
	case isArray(raw):
		return eachElement(raw, func(elem string) bool { return eachStringBelow(elem, level+1, f) })
	case isObject(raw):
		return eachMember(raw, func(_, value string) bool { return eachStringBelow(value, level+1, f) })
	}
	return false
}

func isArray(raw string) bool  { return raw[0] == '[' }
func isObject(raw string) bool { return raw[0] == '{' }

func trimSpace(raw string) string { return strings.Trim(raw, " \t\r\n") }

func skipSpace(raw string, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n') {
		i++
	}
	return i
}

// skipComma goes from the end of an element to the next one, or to the bracket that closes the list.
func skipComma(raw string, i int) int {
	i = skipSpace(raw, i)
	if raw[i] == ',' {
		i = skipSpace(raw, i+1)
	}
	return i
}

// skipRaw returns the end of the value that begins at i.
func skipRaw(raw string, i int) int {
	depth := 0
	for {
		switch raw[i] {
		case '"':
			i = skipQuoted(raw, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue // never at the end of a value
		default:
			i += len(scalarToken(raw[i:]))
		}
		if depth == 0 {
			return i
		}
	}
}

// skipQuoted returns the end of the string literal that begins at i.
func skipQuoted(raw string, i int) int {
	for {
		n := strings.IndexAny(raw[i+1:], `"\`)
		i += n + 1
		if raw[i] == '"' {
			return i + 1
		}
		i++
	}
}

// scalarToken returns the number or literal that s begins with.
func scalarToken(s string) string {
	if end := strings.IndexAny(s, ",]} \t\r\n"); end >= 0 {
		return s[:end]
	}
	return s
}

// unquote returns the text of a JSON string literal. As in encoding/json, invalid UTF-8 and lone surrogates become U+FFFD.
func unquote(raw string) string {
	s := raw[1 : len(raw)-1]
	if strings.IndexByte(s, '\\') < 0 && utf8.ValidString(s) {
		return s
	}
	dst := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		case s[i+1] == 'u':
			r, size := unescapeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		default:
			dst = append(dst, unescapeByte(s[i+1]))
			i += 2
		}
	}
	return View(dst)
}

func unescapeByte(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unescapeRune reads the \u escape that s begins with, and the second half of a surrogate pair.
func unescapeRune(s string) (r rune, size int) {
	r = hexRune(s)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if pair := utf16.DecodeRune(r, hexRune(s[6:])); pair != utf8.RuneError {
		return pair, 12
	}
	return utf8.RuneError, 6
}

// hexRune returns the code unit of the \u escape that s begins with, or -1 if there is none.
func hexRune(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
