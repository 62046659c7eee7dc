package sigma

import (
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// quantifierNames are the quantifiers as written in brackets.
var quantifierNames = []string{"any", "all", "all_or_empty", "none"}

var quantifiers = map[string]Quantifier{
	"any":          QuantAny,
	"all":          QuantAll,
	"all_or_empty": QuantAllOrEmpty,
	"none":         QuantNone,
}

// path is a field name of sigma-version 3, taken apart up to its first quantifier.
type path struct {
	field      Field // without the quantifier
	element    bool  // the last segment of field ends with an index
	quantified bool
	quant      Quantifier
	hasRest    bool // something follows the quantifier
	rest       string
}

// problem says why a path is not valid.
type problem struct{ text, hint string }

// parsePath reads a field name with array selectors.
func parsePath(text string) (path, *problem) {
	var plain strings.Builder
	indexed := false
	for start := 0; ; {
		raw, rest, more := strings.Cut(text[start:], ".")
		s, fault := parseSegment(raw)
		if fault != nil {
			return path{}, fault
		}
		indexed = indexed || s.indexes > 0
		plain.WriteString(s.name)
		if s.quantified || !more {
			p := path{element: s.indexes > 0, quantified: s.quantified, quant: s.quant, hasRest: more, rest: rest}
			p.field = fieldOf(text[:start+s.nameEnd(raw)], plain.String(), indexed)
			return p, nil
		}
		plain.WriteByte('.')
		start += len(raw) + 1
	}
}

// fieldOf makes a Field of a path without quantifiers: source as written, plain with its escapes undone.
func fieldOf(source, plain string, indexed bool) Field {
	if indexed {
		return Field{Kind: FieldIndexed, Name: source}
	}
	return Field{Kind: FieldPlain, Name: plain}
}

// segment is one part of a path between dots.
type segment struct {
	name       string // escapes undone
	bracket    int    // byte offset of the first selector
	indexes    int    // number of index selectors
	quantified bool
	quant      Quantifier
}

// nameEnd returns where the part of raw that belongs to the field ends.
func (s segment) nameEnd(raw string) int {
	if s.quantified {
		return s.bracket
	}
	return len(raw)
}

// parseSegment reads a name followed by index selectors or one quantifier.
func parseSegment(raw string) (segment, *problem) {
	name, end, fault := segmentName(raw)
	s := segment{name: name, bracket: end}
	if fault != nil {
		return s, fault
	}
	rest := raw[end:]
	if rest != "" && name == "" {
		return s, &problem{text: "a bracket needs a field name before it", hint: `write \[ for a literal bracket`}
	}
	for rest != "" {
		token, after, ok := strings.Cut(rest[1:], "]")
		if rest[0] != '[' || !ok {
			return s, &problem{text: "a selector must end its part of the path", hint: `write \[ and \] for literal brackets`}
		}
		if fault := s.selector(token); fault != nil {
			return s, fault
		}
		rest = after
	}
	return s, nil
}

// segmentName reads up to the first unescaped bracket and undoes the escapes.
func segmentName(raw string) (name string, end int, fault *problem) {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '[':
			return b.String(), i, nil
		case raw[i] == ']':
			return "", i, &problem{text: "a closing bracket without an opening one", hint: `write \] for a literal bracket`}
		case raw[i] == '\\' && i+1 < len(raw) && (raw[i+1] == '[' || raw[i+1] == ']'):
			i++
		}
		b.WriteByte(raw[i])
	}
	return b.String(), len(raw), nil
}

// selector adds the selector with the text token to s.
func (s *segment) selector(token string) *problem {
	if isIndex(token) {
		if s.quantified {
			return &problem{text: "a quantifier stands alone in its part of the path"}
		}
		s.indexes++
		return nil
	}
	q, ok := quantifiers[token]
	if !ok {
		return &problem{text: "unknown selector [" + token + "]", hint: diag.Suggest(token, quantifierNames)}
	}
	if s.quantified || s.indexes > 0 {
		return &problem{text: "a quantifier stands alone in its part of the path"}
	}
	s.quantified, s.quant = true, q
	return nil
}

// isIndex reports whether token is a decimal number, perhaps negative, that fits 32 bits.
func isIndex(token string) bool {
	n, err := strconv.ParseInt(token, 10, 32)
	return err == nil && strconv.FormatInt(n, 10) == token
}
