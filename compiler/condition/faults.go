package condition

import (
	"fmt"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// fail reports a violation of the grammar.
func (p *parser) fail(offset int, format string, args ...any) {
	p.log(diag.CodeConditionSyntax, offset, "condition syntax: %s", fmt.Sprintf(format, args...))
}

func (p *parser) tooDeep(what string) {
	p.log(diag.CodeConditionTooDeep, p.token.offset, "condition too deep: more than %d levels of %s", maxDepth, what)
}

// failAtTerm reports that the next token cannot begin a term.
func (p *parser) failAtTerm() {
	t := p.token
	switch {
	case t.kind == tokenEnd:
		p.fail(t.offset, "expected a detection name after %s%s", quote(p.prev.text), lowerCase(p.prev))
	case t.kind == tokenStray:
		p.failStray()
	case t.kind == tokenClose && p.prev.kind == tokenOpen:
		p.fail(p.prev.offset, "the parentheses are empty")
	case t.is("of"):
		p.fail(t.offset, `expected "all", "any" or a number before "of"`)
	case t.is("them"):
		p.fail(t.offset, `"them" stands only in selectors, such as "1 of them" or "all of them"`)
	case strings.Contains(t.text, "*"):
		pattern := quote(t.text)
		p.fail(t.offset, `the pattern %s stands only in selectors; write "1 of " or "all of " in front of it`, pattern)
	case p.prev.text == "":
		p.fail(t.offset, "expected a detection name before %s", quote(t.text))
	default:
		p.fail(t.offset, "expected a detection name after %s, found %s", quote(p.prev.text), quote(t.text))
	}
}

// failAfterTerm reports that the next token cannot follow a term.
func (p *parser) failAfterTerm() {
	t := p.token
	switch {
	case t.kind == tokenStray:
		p.failStray()
	case t.kind == tokenClose:
		p.fail(t.offset, `")" without a "(" before it`)
	case isShouted(t.text):
		p.fail(t.offset, `expected "and" or "or" after %s, found %s%s`, quote(p.prev.text), quote(t.text), lowerCase(t))
	case t.is("of"):
		p.fail(t.offset, `expected "all", "any" or a number before "of", found %s%s`, quote(p.prev.text), lowerCase(p.prev))
	default:
		p.fail(t.offset, `expected "and" or "or" between %s and %s%s`, quote(p.prev.text), quote(t.text), lowerCase(p.prev))
	}
}

// failQuantifier reports that quantifier is not followed by "of".
func (p *parser) failQuantifier(quantifier token) {
	switch t := p.token; t.kind {
	case tokenEnd:
		p.fail(t.offset, `expected "of" after %s`, quote(quantifier.text))
	case tokenStray:
		p.failStray()
	default:
		p.fail(t.offset, `expected "of" after %s, found %s%s`, quote(quantifier.text), quote(t.text), lowerCase(t))
	}
}

// failTarget reports that the next token cannot be the target of a selector.
func (p *parser) failTarget() {
	switch t := p.token; t.kind {
	case tokenEnd:
		p.fail(t.offset, `expected "them" or a name pattern after "of"`)
	case tokenStray:
		p.failStray()
	default:
		p.fail(t.offset, `expected "them" or a name pattern after "of", found %s`, quote(t.text))
	}
}

// failStray reports a character that has no place in conditions.
func (p *parser) failStray() {
	advice := ""
	switch p.token.text {
	case "&":
		advice = `; write "and"`
	case "!":
		advice = `; write "not"`
	case "'", `"`:
		advice = "; names stand without quotes"
	case ",":
		advice = `; write "or" or a selector such as "1 of selection_*"`
	}
	p.fail(p.token.offset, "unexpected character %s%s", quote(p.token.text), advice)
}

// lowerCase returns the advice for a word of the grammar that was written in capitals, and nothing for other tokens.
func lowerCase(t token) string {
	if !isShouted(t.text) {
		return ""
	}
	return fmt.Sprintf("; operators are lower case, write %q", strings.ToLower(t.text))
}
