package decode

// maxDepth is how deep arrays and objects may nest.
const maxDepth = 128

// maxStringDepth is the level of the deepest strings that keywords see; the event itself is level 1. Events that nest deeper are
// searched string by string.
const maxStringDepth = 64

// skipValue checks the value at i, which lies inside depth arrays and objects, and returns its end. If all strings are
// wanted it folds those in it.
func (d *decoder) skipValue(i, depth int) int {
	if i >= len(d.line) {
		return d.fail(i, "value expected")
	}
	switch d.line[i] {
	case '"':
		return d.anyString(i + 1)
	case '{', '[':
		return d.skipNested(i, depth)
	default:
		return d.scalar(i)
	}
}

// anyString checks the string literal whose text begins at i, folds it if all strings are wanted, and returns its end.
func (d *decoder) anyString(i int) int {
	if d.allStrings {
		end, _ := d.copyString(i, folded)
		d.endString()
		return end
	}
	return d.skipString(i)
}

// skipNested is skipValue for an array or object.
func (d *decoder) skipNested(i, depth int) int {
	b := d.line
	var objects [maxDepth/64 + 1]uint64 // bit set: which of the open brackets are braces
	outer := depth

open: // i is at a bracket
	depth++
	d.deep = d.deep || depth >= maxStringDepth
	if depth > maxDepth {
		return d.fail(i, "nested too deep")
	}
	if b[i] == '{' {
		objects[depth/64] |= 1 << (depth % 64)
		if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
			goto closed
		}
		goto member
	}
	objects[depth/64] &^= 1 << (depth % 64)
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		goto closed
	}
	goto value

member: // i is at a key
	if i >= len(b) || b[i] != '"' {
		return d.fail(i, "key expected")
	}
	if i = d.skipString(i + 1); i < 0 {
		return i
	}
	if i = d.colon(i); i < 0 {
		return i
	}

value: // i is at a value
	if i >= len(b) {
		return d.fail(i, "value expected")
	}
	switch b[i] {
	case '"':
		i = d.anyString(i + 1)
	case '{', '[':
		goto open
	default:
		i = d.scalar(i)
	}

after: // i is at the end of a value
	if i < 0 {
		return i
	}
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i >= len(b) {
		return d.fail(i, "unterminated array or object")
	}
	if objects[depth/64]>>(depth%64)&1 != 0 {
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
			goto member
		case '}':
			goto closed
		}
	} else {
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
			goto value
		case ']':
			goto closed
		}
	}
	return d.fail(i, "comma or closing bracket expected")

closed: // i is at a closing bracket
	i++
	depth--
	if depth == outer {
		return i
	}
	goto after
}

// colon skips the colon after a key, with the white space around it.
func (d *decoder) colon(i int) int {
	b := d.line
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i >= len(b) || b[i] != ':' {
		return d.fail(i, "colon expected")
	}
	i++
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	return i
}

// scalar checks the number or literal at i and returns its end.
func (d *decoder) scalar(i int) int {
	switch d.line[i] {
	case 't':
		return d.literal(i, "true")
	case 'f':
		return d.literal(i, "false")
	case 'n':
		return d.literal(i, "null")
	default:
		return d.number(i)
	}
}

func (d *decoder) literal(i int, word string) int {
	if end := i + len(word); end <= len(d.line) && string(d.line[i:end]) == word {
		return end
	}
	return d.fail(i, "value expected")
}

// number checks the number at i and returns its end. What follows it is the caller's business.
func (d *decoder) number(i int) int {
	b := d.line
	start := i
	if b[i] == '-' {
		i++
	}
	digits := i
	i = skipDigits(b, i)
	switch {
	case i == digits && i == start:
		return d.fail(i, "value expected")
	case i == digits, b[digits] == '0' && i > digits+1:
		return d.fail(start, "invalid number")
	}
	if i < len(b) && b[i] == '.' {
		digits = i + 1
		if i = skipDigits(b, digits); i == digits {
			return d.fail(start, "invalid number")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		digits = i
		if i = skipDigits(b, i); i == digits {
			return d.fail(start, "invalid number")
		}
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
