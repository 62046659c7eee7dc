package lint

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// file is the text of a rule file with the places of its lines.
type file struct {
	name  string
	data  []byte
	bom   int   // bytes in front of the first character
	lines []int // offset of each line
}

func newFile(src compiler.Source) *file {
	f := &file{name: src.Name, data: src.Data, lines: []int{0}}
	if bytes.HasPrefix(src.Data, []byte("\ufeff")) {
		f.bom = len("\ufeff")
		f.lines[0] = f.bom
	}
	for i, c := range src.Data {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// line returns the text of line n, from 1, without its line break, and its offset; false if there is none.
func (f *file) line(n int) (text string, offset int, ok bool) {
	if n < 1 || n > len(f.lines) {
		return "", 0, false
	}
	offset = f.lines[n-1]
	rest := f.data[offset:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimSuffix(string(rest), "\r"), offset, true
}

// offset returns the offset of a position.
func (f *file) offset(pos diag.Pos) (int, bool) {
	text, at, ok := f.line(pos.Line)
	if !ok || pos.File != f.name {
		return 0, false
	}
	for range pos.Col - 1 {
		_, n := utf8.DecodeRuneInString(text)
		if n == 0 {
			return 0, false
		}
		text, at = text[n:], at+n
	}
	return at, true
}

// span is a scalar on one line of the source: its bytes, and how it is quoted (a blank for plain).
type span struct {
	start, end int
	quote      byte
}

// scalar finds the source of a scalar with the given text at pos. It reports false for everything whose extent is not certain:
// several lines, blocks, escapes, anchors, tags, aliases.
func (f *file) scalar(pos diag.Pos, text string) (span, bool) {
	at, ok := f.offset(pos)
	if !ok || strings.ContainsAny(text, "\n\r") {
		return span{}, false
	}
	line, start, _ := f.line(pos.Line)
	rest := line[at-start:]
	written, quote := text, byte(' ')
	switch {
	case strings.HasPrefix(rest, "'"):
		written, quote = "'"+strings.ReplaceAll(text, "'", "''")+"'", '\''
	case strings.HasPrefix(rest, `"`):
		if strings.ContainsAny(text, `"\`) {
			return span{}, false
		}
		written, quote = `"`+text+`"`, '"'
	}
	after, ok := strings.CutPrefix(rest, written)
	if !ok || written == "" || after != "" && !strings.ContainsRune(" \t,]}:", rune(after[0])) {
		return span{}, false
	}
	return span{at, at + len(written), quote}, true
}

// plain matches text that is a string without quotes wherever it stands, and that nobody reads as anything else.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)

// quoted returns text as a scalar in the style quote, or in single quotes where that style could change its meaning.
func quoted(text string, quote byte) string {
	switch {
	case quote == '"' && !strings.ContainsAny(text, `"\`):
		return `"` + text + `"`
	case quote == ' ' && plain.MatchString(text) && !reserved[strings.ToLower(text)]:
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// reserved are plain texts that are no strings for this or another reader of YAML.
var reserved = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// rewrite returns the edit that gives the string n the text to, or nil.
func (f *file) rewrite(n *yamldoc.Node, to string) []Edit {
	s, ok := f.scalar(n.Pos, n.Text)
	if !ok || n.Block {
		return nil
	}
	return []Edit{{f.name, s.start, s.end, quoted(to, s.quote)}}
}

// rekey returns the edit that gives the key at pos another text, or nil.
func (f *file) rekey(pos diag.Pos, key, to string) []Edit {
	s, ok := f.scalar(pos, key)
	if !ok {
		return nil
	}
	text := to // a key keeps its style: what was plain stays so
	if s.quote != ' ' {
		text = quoted(to, s.quote)
	}
	return []Edit{{f.name, s.start, s.end, text}}
}

// removeItem returns the edit that removes the line of a list item, or nil if anything else is on it.
func (f *file) removeItem(n *yamldoc.Node) []Edit {
	s, ok := f.scalar(n.Pos, n.Text)
	line, start, more := f.line(n.Pos.Line)
	if !ok || !more || n.Block {
		return nil
	}
	before, after := line[:s.start-start], line[s.end-start:]
	if strings.TrimSpace(before) != "-" || strings.TrimSpace(after) != "" {
		return nil
	}
	end := len(f.data)
	if n.Pos.Line < len(f.lines) {
		end = f.lines[n.Pos.Line]
	}
	return []Edit{{f.name, start, end, ""}}
}

// insertAfter returns the edit that adds lines behind the one-line entry whose key stands at pos, or nil.
func (f *file) insertAfter(value *yamldoc.Node, text string) []Edit {
	s, ok := f.scalar(value.Pos, value.Text)
	line, start, _ := f.line(value.Pos.Line)
	if !ok || value.Block {
		return nil
	}
	if after := strings.TrimSpace(line[s.end-start:]); after != "" && !strings.HasPrefix(after, "#") {
		return nil
	}
	at := start + len(line)
	return []Edit{{f.name, at, at, "\n" + text}}
}
