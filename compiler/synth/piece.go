package synth

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// piece is a text that an operand asks for, and whether other text may stand before and after it.
type piece struct {
	text        string
	left, right bool
}

// pieceOf returns a text for an operand of a text predicate; try and rng vary what the operand leaves open. field returns the text
// of another field, for placeholders.
func pieceOf(op rtlib.Op, operand string, try int, rng *rand.Rand, field func(string) string) (piece, bool) {
	switch op {
	case rtlib.Equal, rtlib.EqualFold:
		return piece{text: operand}, true
	case rtlib.Prefix, rtlib.PrefixFold:
		return piece{text: operand, right: true}, true
	case rtlib.Suffix, rtlib.SuffixFold:
		return piece{text: operand, left: true}, true
	case rtlib.Contains, rtlib.ContainsFold:
		return piece{text: operand, left: true, right: true}, true
	case rtlib.Glob, rtlib.GlobFold, rtlib.GlobDash, rtlib.GlobDashFold:
		return globPiece(operand, fillers[try%len(fillers)], nil), true
	case rtlib.Expand, rtlib.ExpandFold:
		return globPiece(operand, fillers[try%len(fillers)], field), true
	case rtlib.Regex:
		return regexPiece(operand, try, rng)
	default:
		return piece{}, false
	}
}

// fillers stand for a star in turn.
var fillers = []string{"", "x", " ", "1-z"}

// globPiece fills the wildcards of a pattern.
func globPiece(pattern, filler string, field func(string) string) piece {
	var p piece
	var b strings.Builder
	stars := 0
	for s := pattern; s != ""; {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case field != nil && r == '%':
			if n := strings.IndexByte(s[1:], '%'); n > 0 {
				b.WriteString(field(s[1 : 1+n]))
				size = n + 2
				break
			}
			b.WriteByte('%')
		case r == '*':
			switch {
			case b.Len() == 0:
				p.left = true
			case len(s) == 1:
				p.right = true
			default:
				b.WriteString(filler)
			}
			stars++
		case r == '?':
			b.WriteByte('q')
		case r == '\\' && len(s) > 1:
			_, next := utf8.DecodeRuneInString(s[1:])
			b.WriteString(s[1 : 1+next])
			size = 1 + next
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	p.text = b.String()
	return p
}

// regexPiece makes a text that expr finds. What look-around it asks for at the edges is left to luck.
func regexPiece(expr string, try int, rng *rand.Rand) (piece, bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return piece{}, false
	}
	g := regexWriter{try: try, rng: rng, left: true, right: true}
	if !g.write(re) {
		return piece{}, false
	}
	return piece{g.b.String(), g.left, g.right}, true
}

type regexWriter struct {
	try         int
	rng         *rand.Rand
	b           strings.Builder
	left, right bool
}

func (g *regexWriter) write(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && g.try%2 == 1 {
				r = unicode.SimpleFold(r)
			}
			g.b.WriteRune(r)
		}
	case syntax.OpCharClass:
		r, ok := g.class(re.Rune)
		g.b.WriteRune(r)
		return ok
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		g.b.WriteByte("xa0 _"[g.pick(5)])
	case syntax.OpBeginText, syntax.OpBeginLine:
		g.left = g.left && g.b.Len() > 0
	case syntax.OpEndText, syntax.OpEndLine:
		g.right = false
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			if !g.write(sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		return g.write(re.Sub[g.pick(len(re.Sub))])
	case syntax.OpStar, syntax.OpQuest:
		return g.repeat(re.Sub[0], g.pick(2))
	case syntax.OpPlus:
		return g.repeat(re.Sub[0], 1+g.pick(2))
	case syntax.OpRepeat:
		n := re.Min
		if re.Max < 0 || re.Max > re.Min {
			n += g.pick(2)
		}
		return g.repeat(re.Sub[0], n)
	}
	return true
}

func (g *regexWriter) repeat(re *syntax.Regexp, n int) bool {
	for range n {
		if !g.write(re) || g.b.Len() > 1<<14 {
			return false
		}
	}
	return true
}

func (g *regexWriter) pick(k int) int {
	if g.try == 0 {
		return 0
	}
	return g.rng.IntN(k)
}

// class returns a rune of a class, given as pairs of bounds: a letter or digit, if there is one.
func (g *regexWriter) class(bounds []rune) (rune, bool) {
	if len(bounds) < 2 {
		return 0, false
	}
	in := func(r rune) bool {
		for i := 0; i+1 < len(bounds); i += 2 {
			if bounds[i] <= r && r <= bounds[i+1] {
				return true
			}
		}
		return false
	}
	if g.try%3 != 2 {
		start := g.pick(len(plain))
		for i := range plain {
			if r := rune(plain[(start+i)%len(plain)]); in(r) {
				return r, true
			}
		}
	}
	i := 2 * g.pick(len(bounds)/2)
	r := bounds[i]
	if n := bounds[i+1] - r; n > 0 && g.try > 0 {
		r += g.rng.Int32N(min(n, 128))
	}
	return r, utf8.ValidRune(r)
}

const plain = "a1bZ0x9_- ./\\"
