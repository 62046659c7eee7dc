package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// decode returns the root nodes of all documents in src. After a syntax error they are those before it.
func decode(src []byte) ([]*yaml.Node, *fault) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var roots []*yaml.Node
	for {
		doc, err := decodeOne(dec)
		switch {
		case errors.Is(err, io.EOF):
			return roots, nil
		case err != nil:
			return roots, syntaxFault(src, dec, err)
		}
		roots = append(roots, doc.Content[0])
	}
}

// decodeOne returns the next document, or io.EOF. yaml.v3 panics where it contradicts itself; that is an error here.
func decodeOne(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML reader gave up: %v", r)
		}
	}()
	doc = &yaml.Node{}
	if err := dec.Decode(doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("a document without content")
	}
	return doc, nil
}

// linePrefix is how yaml.v3 begins most of its errors.
var linePrefix = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)

// syntaxFault describes err, which dec returned.
func syntaxFault(src []byte, dec *yaml.Decoder, err error) *fault {
	match := linePrefix.FindStringSubmatch(err.Error())
	problem := err.Error()
	f := &fault{code: diag.CodeInvalidYAML}
	if match != nil {
		problem = problem[len(match[0]):]
		f.pos.Line, _ = strconv.Atoi(match[1])
	}
	if strings.Contains(problem, "exceeded max depth") {
		f.code, f.msg = diag.CodeTooDeep, fmt.Sprintf("too deep: more than %d mappings and lists inside each other", maxDepth)
	} else {
		f.msg = "invalid yaml: " + problem
	}
	if m, ok := marksOf(dec, problem); ok {
		f.pos, f.note = m.place(position(src, len(src)))
	}
	f.hint = hint(src, f.pos, problem)
	return f
}

// marks are the places that yaml.v3 knows about a syntax error but does not tell.
type marks struct {
	problem diag.Pos
	context string // "while parsing a block mapping"; may be empty
	begin   diag.Pos
}

// place returns where to report the error, and a note about its context or "". What is missed only at end, the end of the
// file, is reported where it should have been closed from: at its beginning.
func (m marks) place(end diag.Pos) (diag.Pos, string) {
	switch p := m.problem; {
	case m.context == "" || m.begin == p:
		return p, ""
	case p.Line > end.Line || p.Line == end.Line && p.Col >= end.Col:
		return m.begin, m.context + " that goes on to the end of the file"
	default:
		return p, fmt.Sprintf("%s that begins at line %d, column %d", m.context, m.begin.Line, m.begin.Col)
	}
}

// marksOf reads the places of the error that dec returned from its unexported fields. The line in the error's text is
// that of the context, if there is one, and off by one for some errors; a column is missing. Without those fields, in some
// other version of yaml.v3, ok is false.
func marksOf(dec *yaml.Decoder, problem string) (m marks, ok bool) {
	defer func() {
		if recover() != nil {
			m, ok = marks{}, false
		}
	}()
	reader := reflect.ValueOf(dec).Elem().FieldByName("parser").Elem()
	state := reader.FieldByName("parser")
	if state.FieldByName("problem").String() != problem {
		// An unknown anchor: the text is fine but the alias, which is the current event, is not.
		return marks{problem: markPos(reader.FieldByName("event").FieldByName("start_mark"))}, true
	}
	return marks{
		problem: markPos(state.FieldByName("problem_mark")),
		context: state.FieldByName("context").String(),
		begin:   markPos(state.FieldByName("context_mark")),
	}, true
}

// markPos converts a position of yaml.v3, which counts from 0.
func markPos(mark reflect.Value) diag.Pos {
	return diag.Pos{Line: int(mark.FieldByName("line").Int()) + 1, Col: int(mark.FieldByName("column").Int()) + 1}
}

// hint returns advice for the mistakes that are frequent in rules, or "".
func hint(src []byte, pos diag.Pos, problem string) string {
	before, line := linesAt(src, pos.Line)
	switch {
	case tabIndented(line) || tabIndented(before):
		return "indent with spaces; YAML does not allow tabs there"
	case strings.HasPrefix(problem, "mapping values are not allowed"):
		return `put a value that holds ": " in quotes, and check the indentation`
	case strings.HasPrefix(problem, "unknown anchor"), strings.Contains(problem, "alphabetic or numeric"):
		return `put a value that begins with "*" or "&" in quotes`
	case strings.HasPrefix(problem, "found character that cannot start any token"):
		return "put a value that begins with a special character in quotes"
	}
	return ""
}

// linesAt returns the 1-based line n of src and the one before it, without what is not there.
func linesAt(src []byte, n int) (before, line []byte) {
	for i := 1; i <= n && src != nil; i++ {
		before = line
		line, src, _ = bytes.Cut(src, []byte("\n"))
	}
	return before, line
}

// tabIndented reports whether there is a tab in the indentation of line.
func tabIndented(line []byte) bool {
	indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
	return bytes.IndexByte(indent, '\t') >= 0
}
