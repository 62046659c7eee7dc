package codegen

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/rtlib"
)

// boolean is a Go expression of type bool. Conditions and selections are turned into it alike, so that parentheses and line
// breaks are decided in one place.
type boolean struct {
	kind  boolKind
	text  string // call: what is called
	n     int    // atLeast
	terms []boolean
}

type boolKind uint8

const (
	call    boolKind = iota // text(ev)
	isTrue                  // true
	isFalse                 // false
	and                     // terms[0] && …
	or                      // terms[0] || …
	not                     // !terms[0]
	atLeast                 // CountTrue(terms…) >= n
)

// maxWidth is the width up to which a nested expression stays on one line.
const maxWidth = 100

// conditionCode returns c; call names the function of a selection.
func conditionCode(c rtlib.Cond, function func(selection string) string) boolean {
	switch c := c.(type) {
	case rtlib.Sel:
		return boolean{kind: call, text: function(string(c))}
	case rtlib.AllConds:
		return chain(and, mapTerms(c, func(c rtlib.Cond) boolean { return conditionCode(c, function) }))
	case rtlib.AnyConds:
		return chain(or, mapTerms(c, func(c rtlib.Cond) boolean { return conditionCode(c, function) }))
	case rtlib.NotCond:
		return negation(conditionCode(c.X, function))
	case rtlib.OfSels:
		if len(c.Names) == 0 {
			return boolean{kind: isFalse}
		}
		return count(c.N, mapTerms(c.Names, func(n string) boolean { return boolean{kind: call, text: function(n)} }))
	default:
		panic("codegen: unknown condition")
	}
}

// expressionCode returns x; variable names the variable of a leaf.
func expressionCode(x rtlib.Expr, variable func(leaf rtlib.Expr) string) boolean {
	sub := func(x rtlib.Expr) boolean { return expressionCode(x, variable) }
	switch x := x.(type) {
	case *rtlib.Pred, *rtlib.Each:
		return boolean{kind: call, text: variable(x) + ".Match"}
	case rtlib.AllOf:
		return chain(and, mapTerms(x, sub))
	case rtlib.AnyOf:
		return chain(or, mapTerms(x, sub))
	case rtlib.Not:
		return negation(sub(x.X))
	case rtlib.AtLeast:
		return count(x.N, mapTerms(x.Terms, sub))
	default:
		panic("codegen: unknown expression")
	}
}

func mapTerms[S ~[]T, T any](terms S, f func(T) boolean) []boolean {
	out := make([]boolean, len(terms))
	for i, t := range terms {
		out[i] = f(t)
	}
	return out
}

// chain joins terms by kind, which is and or or. Chains of the same kind inside are part of it; constants go away.
func chain(kind boolKind, terms []boolean) boolean {
	neutral, deciding := isTrue, isFalse
	if kind == or {
		neutral, deciding = isFalse, isTrue
	}
	var flat []boolean
	for _, t := range terms {
		switch t.kind {
		case neutral:
		case deciding:
			return boolean{kind: deciding}
		case kind:
			flat = append(flat, t.terms...)
		default:
			flat = append(flat, t)
		}
	}
	switch len(flat) {
	case 0:
		return boolean{kind: neutral}
	case 1:
		return flat[0]
	default:
		return boolean{kind: kind, terms: flat}
	}
}

// negation negates x.
func negation(x boolean) boolean {
	switch x.kind {
	case isTrue:
		return boolean{kind: isFalse}
	case isFalse:
		return boolean{kind: isTrue}
	case not:
		return x.terms[0]
	default:
		return boolean{kind: not, terms: []boolean{x}}
	}
}

// count says that n or more of terms hold.
func count(n int, terms []boolean) boolean {
	switch {
	case n <= 0:
		return boolean{kind: isTrue}
	case n > len(terms):
		return boolean{kind: isFalse}
	case n == len(terms):
		return chain(and, terms)
	case n == 1:
		return chain(or, terms)
	default:
		return boolean{kind: atLeast, n: n, terms: terms}
	}
}

// calls notes what b calls.
func (b boolean) calls(called map[string]bool) {
	if b.kind == call {
		called[b.text] = true
	}
	for _, t := range b.terms {
		t.calls(called)
	}
}

// code returns the syntax of b. With broken, a chain or count puts one operand on each line.
func (b boolean) code(broken bool) *jen.Statement {
	switch b.kind {
	case isTrue:
		return jen.True()
	case isFalse:
		return jen.False()
	case not:
		return jen.Op("!").Add(b.operand(b.terms[0]))
	case and, or:
		s := jen.Add(b.operand(b.terms[0]))
		for _, t := range b.terms[1:] {
			s.Op(b.op())
			if broken {
				s.Line()
			}
			s.Add(b.operand(t))
		}
		return s
	case atLeast:
		args := jen.Options{Open: "(", Close: ")", Separator: ",", Multi: broken}
		terms := make([]jen.Code, len(b.terms))
		for i, t := range b.terms {
			terms[i] = t.code(t.width() > maxWidth)
		}
		return runtime("CountTrue").Custom(args, terms...).Op(">=").Id(strconv.Itoa(b.n))
	default:
		return jen.Id(b.text).Call(jen.Id("ev"))
	}
}

// operand returns t as an operand of b, in parentheses if it needs them, or if people do.
func (b boolean) operand(t boolean) *jen.Statement {
	code := t.code(t.width() > maxWidth)
	if t.kind == and || t.kind == or || t.kind == atLeast && b.kind == not {
		return jen.Parens(code)
	}
	return code
}

func (b boolean) op() string {
	if b.kind == and {
		return "&&"
	}
	return "||"
}

// width returns about how wide b is on one line.
func (b boolean) width() int {
	w := len(b.text) + len("(ev)")
	for _, t := range b.terms {
		w += t.width() + len(" && ")
	}
	return w
}
