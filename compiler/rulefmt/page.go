package rulefmt

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// step is how much deeper a value is indented than its key.
const step = 4

// page is one document in lines. Line numbers count from 0.
type page struct {
	lines    []string
	from, to int
	state    map[int]*state // of the lines on which a key or list item begins
	owner    map[int]int    // of a line that goes on with a scalar or brackets: the line on which they begin
	shift    map[int]int    // of an owner whose further lines move otherwise than it does: by how much
}

// state is what becomes of a line.
type state struct {
	indent int // its new one
	oldCol int // of what follows the dashes, in characters
	newCol int
	text   string // its new text
}

// dashes matches the beginning of a line: blanks, and the dashes of list items.
var dashes = regexp.MustCompile(`^( *)((?:-(?: +|$))*)`)

// format returns the lines of the document in the canonical layout.
func (p *page) format(root *yamldoc.Node) []string {
	p.owner, p.shift = map[int]int{}, map[int]int{}
	p.walk(root, 0)
	p.adopt()
	p.render()
	from, to := p.from, p.to
	for to > from && p.isGap(to-1) {
		to--
	}
	for from < to && p.isGap(from) {
		from++
	}
	b := &block{page: p}
	return b.arrange(root, "", from, to)
}

// walk gives the lines on which the entries of n begin their indentation. n is written in lines.
func (p *page) walk(n *yamldoc.Node, indent int) {
	for _, pair := range n.Pairs {
		p.place(pair.KeyPos.Line-1, indent)
		p.value(pair.Value, pair.KeyPos.Line-1, indent+step, &pair)
	}
	for _, item := range n.Items {
		if item.Pos.Line-1 < p.from || item.Pos.Line-1 >= p.to {
			continue
		}
		p.place(item.Pos.Line-1, indent)
		p.value(item, item.Pos.Line-1, indent+2, nil)
	}
}

// value walks the value v of an entry whose key or dash stands in line at, with indent for the lines of its own. pair is nil for an item.
func (p *page) value(v *yamldoc.Node, at, indent int, pair *yamldoc.Pair) {
	line := v.Pos.Line - 1
	if line < at || line >= p.to || line == at && pair != nil && v.Pos.Col <= pair.KeyPos.Col {
		return // an alias: what it stands for is elsewhere
	}
	if isBlock(p.lines, v) {
		p.walk(v, indent)
		return
	}
	p.own(v, line)
	if pair != nil && v.Block && line == at {
		if s := p.state[at]; s != nil {
			if content, ok := p.contentIndent(v, line); ok && pair.KeyPos.Col == s.oldCol+1 {
				p.shift[at] = s.newCol + step - content
			}
		}
	}
}

// place sets the new indentation of a line, if what it is about comes first on it.
func (p *page) place(line, indent int) {
	if p.state[line] != nil || line < p.from || line >= p.to {
		return
	}
	m := dashes.FindStringSubmatch(p.lines[line])
	n := strings.Count(m[2], "-")
	p.state[line] = &state{indent: indent, oldCol: len(m[0]), newCol: indent + 2*n}
}

// own notes the further lines of a scalar or of brackets, as far as that is known from their beginning.
func (p *page) own(v *yamldoc.Node, line int) {
	end := line
	switch runes := []rune(p.lines[line]); {
	case v.Block:
		content, ok := p.contentIndent(v, line)
		for i := line + 1; ok && i < p.to && (isBlank(p.lines[i]) || indentOf(p.lines[i]) >= content); i++ {
			end = i
		}
		for end > line && isBlank(p.lines[end]) && !keepsBlanks(p.lines[line]) {
			end--
		}
	case v.Pos.Col <= len(runes):
		end = p.closing(line, v.Pos.Col-1)
	}
	for i := line + 1; i <= end; i++ {
		p.owner[i] = line
	}
}

// keepsBlanks reports whether the header of a block scalar says that blank lines at its end count.
func keepsBlanks(header string) bool { return keepHeader.MatchString(header) }

var (
	keepHeader  = regexp.MustCompile(`[|>][0-9]?\+`)
	fixedHeader = regexp.MustCompile(`[|>][-+]?[0-9]`)
)

// contentIndent returns the indentation of a block scalar whose header stands in line; false if the header fixes it.
func (p *page) contentIndent(v *yamldoc.Node, line int) (int, bool) {
	if fixedHeader.MatchString(string([]rune(p.lines[line])[v.Pos.Col-1:])) {
		return 0, false
	}
	for i := line + 1; i < p.to; i++ {
		if !isBlank(p.lines[i]) {
			return indentOf(p.lines[i]), true
		}
	}
	return 0, false
}

// closing returns the line in which the quotes or brackets end that begin at a column of line; line for anything else.
func (p *page) closing(line, col int) int {
	first := []rune(p.lines[line])[col]
	if !strings.ContainsRune(`'"[{`, first) {
		return line
	}
	depth, quote := 0, rune(0)
	for i := line; i < p.to; i++ {
		runes := []rune(p.lines[i])
		for ; col < len(runes); col++ {
			r := runes[col]
			switch {
			case quote == '"' && r == '\\':
				col++
			case quote != 0:
				if r == quote {
					quote = 0
				}
			case r == '#' && (col == 0 || runes[col-1] == ' '):
				col = len(runes)
			case (r == '\'' || r == '"') && (depth == 0 || strings.ContainsRune(" [{,:", runes[max(col-1, 0)])):
				quote = r
			case r == '[' || r == '{':
				depth++
			case r == ']' || r == '}':
				depth--
			}
			if depth == 0 && quote == 0 {
				return i
			}
		}
		col = 0
	}
	return line
}

// adopt makes the lines that nothing begins on, comments and blank lines apart, go on with the line before: plain scalars of several lines.
func (p *page) adopt() {
	last := -1
	for i := p.from; i < p.to; i++ {
		switch {
		case p.state[i] != nil:
			last = i
		case last < 0 || isBlank(p.lines[i]) || isComment(p.lines[i]):
		case p.owned(i):
		default:
			for j := i; j > last && !p.owned(j); j-- { // blank lines between are line breaks of the text
				p.owner[j] = last
			}
		}
	}
}

// isGap reports whether a line is blank and no part of a text.
func (p *page) isGap(line int) bool { return isBlank(p.lines[line]) && !p.owned(line) }

func (p *page) owned(line int) bool {
	_, ok := p.owner[line]
	return ok
}

// render writes the new text of every line.
func (p *page) render() {
	for i := p.from; i < p.to; i++ {
		s := p.state[i]
		if s == nil {
			continue
		}
		m := dashes.FindStringSubmatch(p.lines[i])
		rest := p.lines[i][len(m[0]):]
		if !p.owned(i + 1) {
			rest = strings.TrimRight(rest, " \t")
		}
		s.text = strings.TrimRight(strings.Repeat(" ", s.indent)+strings.Repeat("- ", strings.Count(m[2], "-"))+colon(rest), " ")
	}
}

// wideColon matches a plain key with several blanks between its colon and a value.
var wideColon = regexp.MustCompile(`^([^\s'"#&*!{\[|>][^\s:#]*:) {2,}(\S)`)

func colon(rest string) string {
	m := wideColon.FindStringSubmatch(rest)
	if m == nil || m[2] == "#" {
		return rest
	}
	return m[1] + " " + rest[len(m[0])-len(m[2]):]
}

// text returns the new text of a line; next is the indentation of the line that a comment belongs to.
func (p *page) text(line, comment int) string {
	l := p.lines[line]
	if s := p.state[line]; s != nil {
		return s.text
	}
	if at, ok := p.owner[line]; ok {
		by, other := p.shift[at]
		if s := p.state[at]; !other && s != nil {
			by = s.newCol - s.oldCol
		}
		return move(l, by)
	}
	if isComment(l) {
		return strings.Repeat(" ", comment) + strings.TrimSpace(l)
	}
	return strings.TrimRight(l, " \t")
}

// move indents a line by more or fewer blanks, as far as it has them.
func move(l string, by int) string {
	switch {
	case strings.TrimSpace(l) == "" && by <= 0:
		return l[min(len(l), -by):]
	case strings.TrimSpace(l) == "" && l == "":
		return l
	case by >= 0:
		return strings.Repeat(" ", by) + l
	}
	return l[min(-by, indentOf(l)):]
}

func isBlank(l string) bool   { return strings.TrimSpace(l) == "" }
func isComment(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "#") }
func indentOf(l string) int   { return len(l) - len(strings.TrimLeft(l, " ")) }

// block arranges the entries of mappings.
type block struct{ *page }

// part is the lines of one entry with the comments above it.
type part struct {
	key      string
	from, to int
	rank     int
	lines    []string
	blank    bool // a blank line follows
}

// arrange returns the lines from up to to, which hold the mapping n, with its entries in the order of that name.
func (b *block) arrange(n *yamldoc.Node, name string, from, to int) []string {
	order := orders[name]
	parts := make([]part, 0, len(n.Pairs))
	for _, pair := range n.Pairs {
		at := pair.KeyPos.Line - 1
		for at > from && isComment(b.lines[at-1]) && !b.owned(at-1) && indentOf(b.lines[at-1]) == indentOf(b.lines[pair.KeyPos.Line-1]) {
			at--
		}
		parts = append(parts, part{key: pair.Key, from: at, rank: rank(order, pair.Key)})
	}
	head := b.plain(from, parts[0].from, b.indent(n))
	end := b.trailer(parts[len(parts)-1].from, to, indentOf(b.lines[n.Pairs[0].KeyPos.Line-1]))
	for i := range parts {
		parts[i].to = end
		if i+1 < len(parts) {
			parts[i].to = parts[i+1].from
		}
		last := parts[i].to
		for b.isGap(last - 1) {
			last--
		}
		parts[i].blank = name != "" && last < parts[i].to // there are no blank lines between attributes
		parts[i].lines = b.entry(n.Pairs[i], childOrder(name, parts[i].key), parts[i].from, last)
	}
	if order != nil {
		slices.SortStableFunc(parts, func(x, y part) int { return cmp.Compare(x.rank, y.rank) })
	}
	out := head
	for i, part := range parts {
		if out = append(out, part.lines...); part.blank && i+1 < len(parts) {
			out = append(out, "")
		}
	}
	return append(out, b.plain(end, to, b.indent(n))...)
}

// indent returns the new indentation of the entries of n.
func (b *block) indent(n *yamldoc.Node) int {
	if s := b.state[n.Pairs[0].KeyPos.Line-1]; s != nil {
		return s.newCol
	}
	return 0
}

// trailer returns the line from which comments at the end of a mapping stand alone: behind a blank line, and no deeper than its keys.
func (b *block) trailer(from, to, indent int) int {
	end := to
	for i := to - 1; i > from; i-- {
		switch {
		case b.owned(i):
			return end
		case isBlank(b.lines[i]):
			end = i
		case !isComment(b.lines[i]) || indentOf(b.lines[i]) > indent:
			if end < to && isBlank(b.lines[end]) {
				return end
			}
			return to
		}
	}
	return to
}

// entry returns the lines of one entry, and arranges what is below it if that has an order.
func (b *block) entry(pair yamldoc.Pair, name string, from, to int) []string {
	at := pair.KeyPos.Line - 1
	v := pair.Value
	if orders[name] != nil && v.Kind == yamldoc.KindMapping && len(v.Pairs) > 0 && v.Pos.Line-1 > at && v.Pos.Line-1 < to && isBlock(b.lines, v) {
		head := b.plain(from, at+1, b.columnOf(at))
		return append(head, b.arrange(v, name, at+1, to)...)
	}
	return b.plain(from, to, b.columnOf(at))
}

func (b *block) columnOf(line int) int {
	if s := b.state[line]; s != nil {
		return s.indent
	}
	return 0
}

// plain returns the lines as they come. Comments take the indentation of the line that they were level with: the next one, or the last
// before it that was.
func (b *block) plain(from, to, indent int) []string {
	var out []string
	for i := from; i < to; i++ {
		if i > from && b.isGap(i) && b.isGap(i-1) {
			continue
		}
		comment := indent
		if b.state[i] == nil && !b.owned(i) && isComment(b.lines[i]) {
			comment = b.commentIndent(i, indent)
		}
		out = append(out, b.text(i, comment))
	}
	return out
}

func (b *block) commentIndent(line, indent int) int {
	old := indentOf(b.lines[line])
	for i := line + 1; i < b.to; i++ {
		if s := b.state[i]; s != nil {
			if indentOf(b.lines[i]) == old {
				return s.indent
			}
			indent = s.indent
			break
		}
	}
	for i := line - 1; i >= b.from; i-- {
		if s := b.state[i]; s != nil && indentOf(b.lines[i]) == old {
			return s.indent
		} else if s != nil && s.oldCol == old {
			return s.newCol
		}
	}
	return indent
}
