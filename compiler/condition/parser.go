package condition

import (
	"math"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// The limits of sigma-language.md section 18.
const (
	maxLength = 64 << 10 // bytes
	maxDepth  = 64       // parentheses inside each other; also "not" in a row
)

// Parse reads a condition. On the first fault it reports the code, the byte offset in text and a message through log, and
// returns nil; log is called at most once. Names are not looked up. Cost is linear in the length of text.
//
// Source: sigma-language.md sections 10 and 18.
func Parse(text string, log func(code diag.Code, offset int, format string, args ...any)) Expr {
	if len(text) > maxLength {
		log(diag.CodeConditionTooLong, 0, "condition too long: %d bytes, at most %d are allowed", len(text), maxLength)
		return nil
	}
	if bar := strings.IndexByte(text, '|'); bar >= 0 {
		log(diag.CodeAggregation, bar, `aggregation expressions after "|" are not supported; use a correlation rule instead`)
		return nil
	}
	p := &parser{text: text, log: log}
	p.next()
	if p.token.kind == tokenEnd {
		p.fail(0, "the condition is empty")
		return nil
	}
	e := p.or()
	if e != nil && p.token.kind != tokenEnd {
		p.failAfterTerm()
		return nil
	}
	return e
}

// parser is a recursive-descent parser with one token of lookahead. Its functions return nil once a fault was reported.
type parser struct {
	text  string
	log   func(code diag.Code, offset int, format string, args ...any)
	token token // the next one to be read
	prev  token // the one before; a zero offset and no text at the start
	depth int   // open parentheses
}

// next moves on by one token.
func (p *parser) next() {
	p.prev = p.token
	p.token = lex(p.text, p.token.offset+len(p.token.text))
}

// accept moves on if the next token is the word w, and reports whether it was.
func (p *parser) accept(w string) bool {
	if !p.token.is(w) {
		return false
	}
	p.next()
	return true
}

// or = and { "or" and }
func (p *parser) or() Expr {
	terms := p.terms("or", p.and)
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return &Or{Terms: terms}
}

// and = not { "and" not }
func (p *parser) and() Expr {
	terms := p.terms("and", p.not)
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return &And{Terms: terms}
}

// terms reads one or more terms with the word operator between them. It returns nil after a fault.
func (p *parser) terms(operator string, term func() Expr) []Expr {
	var terms []Expr
	for {
		t := term()
		if t == nil {
			return nil
		}
		terms = append(terms, t)
		if !p.accept(operator) {
			return terms
		}
	}
}

// not = "not" not | primary
//
// It is a loop, because a text of nothing but "not" would overflow the stack of whoever walks the tree.
func (p *parser) not() Expr {
	count := 0
	for p.token.is("not") {
		if count++; count > maxDepth {
			p.tooDeep(`"not"`)
			return nil
		}
		p.next()
	}
	e := p.primary()
	for ; e != nil && count > 0; count-- {
		e = &Not{X: e}
	}
	return e
}

// primary = quantifier "of" target | "(" or ")" | name
func (p *parser) primary() Expr {
	switch {
	case p.token.kind == tokenOpen:
		return p.group()
	case p.token.kind != tokenWord:
		p.failAtTerm()
		return nil
	case p.token.is("all"), p.token.is("any"), isNumber(p.token.text) && p.peek().is("of"):
		return p.selector()
	case isReserved(p.token.text) || strings.Contains(p.token.text, "*"):
		p.failAtTerm()
		return nil
	}
	e := &Name{Text: p.token.text, Offset: p.token.offset}
	p.next()
	return e
}

// peek returns the token after the next one.
func (p *parser) peek() token { return lex(p.text, p.token.offset+len(p.token.text)) }

// group = "(" or ")"
func (p *parser) group() Expr {
	open := p.token
	if p.depth++; p.depth > maxDepth {
		p.tooDeep("parentheses")
		return nil
	}
	p.next()
	e := p.or()
	switch {
	case e == nil:
		return nil
	case p.token.kind == tokenEnd:
		p.fail(open.offset, `"(" is never closed`)
		return nil
	case p.token.kind != tokenClose:
		p.failAfterTerm()
		return nil
	}
	p.depth--
	p.next()
	return e
}

// selector = quantifier "of" target
func (p *parser) selector() Expr {
	s := &Selector{Offset: p.token.offset}
	quantifier := p.token
	switch quantifier.text {
	case "all":
		s.All = true
	case "any":
		s.Count = 1
	default:
		s.Count = count(quantifier.text)
	}
	if !s.All && s.Count == 0 {
		p.fail(quantifier.offset, `"%s of" can never be meant; the least number is 1`, quantifier.text)
		return nil
	}
	p.next()
	if !p.accept("of") {
		p.failQuantifier(quantifier)
		return nil
	}
	if !p.target(s) {
		return nil
	}
	return s
}

// target = "them" | pattern
func (p *parser) target(s *Selector) bool {
	switch {
	case p.token.is("them"):
		s.Them = true
	case p.token.kind == tokenWord && !isReserved(p.token.text):
		s.Pattern = p.token.text
	default:
		p.failTarget()
		return false
	}
	p.next()
	return true
}

// count returns the value of digits. What is beyond 32 bits exceeds every number of detections, so the exact value does
// not matter.
func count(digits string) int {
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return math.MaxInt32
	}
	return int(n)
}
