package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// maxExpressionDepth bounds the nesting of condition expressions.
const maxExpressionDepth = 64

// boolExpr is a condition expression. eval takes the results of the conditions by their index.
type boolExpr interface{ eval(results []bool) bool }

type (
	exprName int
	exprNot  struct{ x boolExpr }
	exprAnd  struct{ x, y boolExpr }
	exprOr   struct{ x, y boolExpr }
)

func (e exprName) eval(results []bool) bool { return results[e] }
func (e exprNot) eval(results []bool) bool  { return !e.x.eval(results) }
func (e exprAnd) eval(results []bool) bool  { return e.x.eval(results) && e.y.eval(results) }
func (e exprOr) eval(results []bool) bool   { return e.x.eval(results) || e.y.eval(results) }

// readExpression reads the expression n over the conditions names, which stand under key. It returns nil after an error.
func readExpression(a *params, key, exprKey string, n *yamldoc.Node, names []string) boolExpr {
	if n.Kind != yamldoc.KindString {
		a.invalid(n, exprKey, "expected a string, not a %s", n.Kind)
		return nil
	}
	if names == nil {
		a.errorf(n.Pos, CodeGate, a.where, "%s needs %s to be a mapping from identifiers to conditions", exprKey, key)
		return nil
	}
	x := &exprParser{rest: n.Text, names: names}
	expr, err := x.parse()
	switch unknown := (unknownName)(""); {
	case errors.As(err, &unknown):
		a.errorf(n.Pos, CodeGate, a.where, "%v", err).Hint = diag.Suggest(string(unknown), names)
		return nil
	case err != nil:
		a.errorf(n.Pos, CodeGate, a.where, "error parsing condition expression '%s': %v", n.Text, err)
		return nil
	}
	for i, name := range names {
		if !x.used[i] {
			a.errorf(n.Pos, CodeGate, a.where, "unreferenced condition '%s' in %s", name, exprKey)
		}
	}
	return expr
}

// unknownName is the fault of a name that is not a condition.
type unknownName string

// Error says which name it is.
func (e unknownName) Error() string {
	return fmt.Sprintf("condition identifier '%s' not found", string(e))
}

// exprParser is a recursive-descent parser for condition expressions.
type exprParser struct {
	rest  string // not read yet
	names []string
	used  map[int]bool
	depth int
}

func (p *exprParser) parse() (boolExpr, error) {
	p.used = map[int]bool{}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if token := p.next(); token != "" {
		return nil, fmt.Errorf("unexpected '%s'", token)
	}
	return e, nil
}

func (p *exprParser) or() (boolExpr, error) {
	x, err := p.and()
	for err == nil && p.accept("or") {
		var y boolExpr
		y, err = p.and()
		x = exprOr{x, y}
	}
	return x, err
}

func (p *exprParser) and() (boolExpr, error) {
	x, err := p.not()
	for err == nil && p.accept("and") {
		var y boolExpr
		y, err = p.not()
		x = exprAnd{x, y}
	}
	return x, err
}

func (p *exprParser) not() (boolExpr, error) {
	if p.depth++; p.depth > maxExpressionDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", maxExpressionDepth)
	}
	defer func() { p.depth-- }()
	if p.accept("not") {
		x, err := p.not()
		return exprNot{x}, err
	}
	return p.primary()
}

func (p *exprParser) primary() (boolExpr, error) {
	switch token := p.next(); {
	case token == "":
		return nil, errors.New("unexpected end")
	case token == "(":
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		if closing := p.next(); closing != ")" {
			return nil, errors.New("missing ')'")
		}
		return x, nil
	case !isNameByte(token[0]) || token == "and" || token == "or" || token == "not":
		return nil, fmt.Errorf("unexpected '%s'", token)
	default:
		i := slices.Index(p.names, token)
		if i < 0 {
			return nil, unknownName(token)
		}
		p.used[i] = true
		return exprName(i), nil
	}
}

// accept reads the next token if it is word.
func (p *exprParser) accept(word string) bool {
	before := p.rest
	if p.next() == word {
		return true
	}
	p.rest = before
	return false
}

// next reads a name, a keyword or one other character. It returns "" at the end.
func (p *exprParser) next() string {
	for p.rest != "" && (p.rest[0] == ' ' || p.rest[0] == '\t' || p.rest[0] == '\n' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
	end := 0
	for end < len(p.rest) && isNameByte(p.rest[end]) {
		end++
	}
	if end == 0 && p.rest != "" {
		end = len(string([]rune(p.rest)[:1]))
	}
	token := p.rest[:min(end, len(p.rest))]
	p.rest = p.rest[len(token):]
	return token
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
