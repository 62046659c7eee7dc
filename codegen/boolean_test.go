package codegen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/rtlib"
)

// The printed expression, parsed again, has the value of the condition under every assignment of its selections. That covers
// precedence, parentheses, counting and the folding of constants.
func TestPrintedConditionsMeanTheSame(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		c := randomCond(rng, 4)
		code := printed(t, conditionCode(c, exactly).code(rng.IntN(2) == 0))
		x, err := parser.ParseExpr(code)
		if err != nil {
			t.Fatalf("%#v printed as %s: %v", c, code, err)
		}
		for bits := range 1 << len(selectionNames) {
			if got, want := evalGo(x, bits), evalCond(c, bits); got != want {
				t.Fatalf("%#v printed as %s is %t for %04b, want %t", c, code, got, bits, want)
			}
		}
	}
}

func printed(t *testing.T, code *jen.Statement) string {
	t.Helper()
	f := jen.NewFile("p")
	f.NoFormat = true
	f.ImportName(runtimePath, "rtlib")
	f.Var().Id("x").Op("=").Add(code)
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		t.Fatal(err)
	}
	_, expr, _ := bytes.Cut(b.Bytes(), []byte("var x = "))
	return string(bytes.TrimSpace(expr))
}

var selectionNames = []string{"a", "b", "c", "d"}

func randomCond(rng *rand.Rand, depth int) rtlib.Cond {
	if depth == 0 {
		return rtlib.Sel(selectionNames[rng.IntN(len(selectionNames))])
	}
	terms := make([]rtlib.Cond, rng.IntN(4))
	for i := range terms {
		terms[i] = randomCond(rng, depth-1)
	}
	switch rng.IntN(5) {
	case 0:
		return rtlib.AllConds(terms)
	case 1:
		return rtlib.AnyConds(terms)
	case 2:
		return rtlib.NotCond{X: randomCond(rng, depth-1)}
	case 3:
		return rtlib.OfSels{N: rng.IntN(6), Names: selectionNames[:rng.IntN(5)]}
	default:
		return randomCond(rng, 0)
	}
}

// isSet reports whether bits sets the selection called name.
func isSet(bits int, name string) bool { return bits>>(name[0]-'a')&1 == 1 }

// evalCond is the meaning of conditions as package rtlib documents it.
func evalCond(c rtlib.Cond, bits int) bool {
	switch c := c.(type) {
	case rtlib.Sel:
		return isSet(bits, string(c))
	case rtlib.AllConds:
		for _, c := range c {
			if !evalCond(c, bits) {
				return false
			}
		}
		return true
	case rtlib.AnyConds:
		for _, c := range c {
			if evalCond(c, bits) {
				return true
			}
		}
		return false
	case rtlib.NotCond:
		return !evalCond(c.X, bits)
	case rtlib.OfSels:
		n := 0
		for _, name := range c.Names {
			if isSet(bits, name) {
				n++
			}
		}
		return len(c.Names) > 0 && n >= c.N
	default:
		panic(fmt.Sprintf("unknown condition %T", c))
	}
}

// evalGo evaluates a generated expression.
func evalGo(x ast.Expr, bits int) bool {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return evalGo(x.X, bits)
	case *ast.UnaryExpr:
		return !evalGo(x.X, bits)
	case *ast.Ident:
		return x.Name == "true"
	case *ast.CallExpr:
		return isSet(bits, x.Fun.(*ast.Ident).Name)
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			return evalGo(x.X, bits) && evalGo(x.Y, bits)
		case token.LOR:
			return evalGo(x.X, bits) || evalGo(x.Y, bits)
		case token.GEQ:
			n := 0
			for _, arg := range x.X.(*ast.CallExpr).Args {
				if evalGo(arg, bits) {
					n++
				}
			}
			limit, err := strconv.Atoi(x.Y.(*ast.BasicLit).Value)
			return err == nil && n >= limit
		}
	}
	panic(fmt.Sprintf("unexpected %T", x))
}
