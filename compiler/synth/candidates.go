package synth

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// candidates calls yield with values that may meet wants until it returns false.
func (s *solver) candidates(wants []want, yield func(any) bool) {
	c := candidates{solver: s, wants: wants, yield: yield, more: true}
	c.run()
}

type candidates struct {
	*solver
	wants []want
	yield func(any) bool
	more  bool
}

func (c *candidates) try1(v any) {
	if c.more {
		c.more = c.yield(v)
	}
}

// rounds is how often texts are put together anew.
const rounds = 10

func (c *candidates) run() {
	if !c.positive() {
		for _, v := range []any{absent{}, "zz", int64(0), "", nil, true, "7", int64(-1), int64(1 << 40), "no such thing", []any{}, map[string]any{}} {
			c.try1(v)
		}
	}
	for _, w := range c.wants {
		c.scalars(w)
	}
	c.times()
	for round := 0; round < rounds && c.more; round++ {
		c.texts(round)
	}
	for _, v := range []any{"zz", absent{}, nil, int64(0), true, false, "yes", "no"} {
		c.try1(v)
	}
}

// positive reports whether some item has to hold.
func (c *candidates) positive() bool {
	for _, w := range c.wants {
		if w.holds || w.operand >= 0 {
			return true
		}
	}
	return false
}

// scalars tries the values around the bounds of numbers, the addresses around networks, and what the plain operators ask for.
func (c *candidates) scalars(w want) {
	p := w.n.pred
	switch {
	case p.Op == rtlib.BoolEqual:
		c.try1(p.Want == w.holds)
	case p.Op == rtlib.IsNull && w.holds:
		c.try1(nil)
		c.try1(absent{})
	case p.Op == rtlib.Exists && p.Want == w.holds:
		c.try1("zz")
	case p.Op == rtlib.Exists, p.Op == rtlib.IsNull:
		c.try1(absent{})
	case p.Op == rtlib.CIDR:
		for i, s := range p.Strings {
			if w.operand < 0 || i == w.operand || p.All {
				for _, a := range addresses(s) {
					c.try1(a)
				}
			}
		}
	case p.Op >= rtlib.NumEqual && p.Op <= rtlib.NumLessEqual:
		for i := range len(p.Ints) + len(p.Floats) {
			if w.operand < 0 || i == w.operand || p.All {
				for _, n := range around(p, i) {
					c.try1(n)
				}
			}
		}
	}
}

// around returns the numbers around operand i of p.
func around(p *rtlib.Pred, i int) []any {
	if i < len(p.Ints) {
		b := p.Ints[i]
		out := []any{b}
		if b < math.MaxInt64 {
			out = append(out, b+1)
		}
		if b > math.MinInt64 {
			out = append(out, b-1)
		}
		return append(out, float64(b)+0.5)
	}
	f := p.Floats[i-len(p.Ints)]
	return []any{f, f + 1, f - 1}
}

// addresses returns the first and last address of a network and those beside it.
func addresses(network string) []any {
	p, err := rtlib.ParseNetwork(network)
	if err != nil {
		return nil
	}
	first := p.Addr()
	last := lastAddr(p)
	out := []any{first.String(), last.String()}
	for _, a := range []netip.Addr{first.Prev(), last.Next()} {
		if a.IsValid() {
			out = append(out, a.String())
		}
	}
	return out
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// times tries timestamps whose parts lie around the bounds.
func (c *candidates) times() {
	parts := map[rtlib.Part][]int64{}
	for _, w := range c.wants {
		p := w.n.pred
		if p.Part == rtlib.PartInvalid {
			continue
		}
		for i := range len(p.Ints) + len(p.Floats) {
			b := int64(0)
			if i < len(p.Ints) {
				b = p.Ints[i]
			} else {
				b = int64(p.Floats[i-len(p.Ints)])
			}
			parts[p.Part] = append(parts[p.Part], b, b+1, b-1)
		}
	}
	if len(parts) == 0 {
		return
	}
	list := func(p rtlib.Part, otherwise int64) []int64 {
		if len(parts[p]) > 0 {
			return parts[p]
		}
		return []int64{otherwise}
	}
	days := list(rtlib.Day, 15)
	months := list(rtlib.Month, 7) // which has all days
	if len(parts[rtlib.Week]) > 0 {
		days, months = []int64{1, 8, 15, 22, 29}, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	}
	for _, y := range list(rtlib.Year, 2024) {
		for _, mo := range months {
			for _, d := range days {
				for _, h := range list(rtlib.Hour, 12) {
					for _, mi := range list(rtlib.Minute, 30) {
						t := time.Date(int(y), time.Month(mo), int(d), int(h), int(mi), 7, 0, time.UTC)
						if !c.more {
							return
						}
						c.try1(t.Format("2006-01-02T15:04:05Z"))
					}
				}
			}
		}
	}
}

// texts tries texts put together from what the operands ask for, and arrays of them.
func (c *candidates) texts(round int) {
	pieces, ok := c.pieces(round)
	if !ok || len(pieces) == 0 {
		return
	}
	if round > 0 && len(pieces) > 1 {
		c.rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	}
	c.try1(join(pieces, []string{"", " ", "x"}[round%3]))
	if round%3 == 0 {
		c.try1(join(pieces, " "))
	}
	pad := []string{"x", " ", "9"}[round%3]
	if p := pieces[0]; len(pieces) == 1 {
		if p.left {
			c.try1(pad + p.text)
		}
		if p.right {
			c.try1(p.text + pad)
		}
		if p.left && p.right {
			c.try1(pad + p.text + pad)
		}
		return
	}
	var list []any
	for _, p := range pieces {
		list = append(list, p.text)
	}
	c.try1(list)
}

// pieces returns a piece for each operand that has to hold.
func (c *candidates) pieces(round int) (out []piece, ok bool) {
	for _, w := range c.wants {
		p := w.n.pred
		if isRef(p) {
			continue // refer sees to it
		}
		for i, s := range p.Strings {
			need := w.holds && (p.All || i == w.operand) || p.All && w.operand >= 0 && i != w.operand && !w.holds
			if !need {
				continue
			}
			piece, ok := pieceOf(p.Op, s, c.try+round, c.rng, c.text)
			if !ok {
				return nil, false
			}
			out = append(out, piece)
		}
		if !w.holds || p.All || w.operand >= 0 || len(p.Strings) == 0 {
			continue
		}
		i := 0
		if c.try+round > 0 {
			i = c.rng.IntN(len(p.Strings))
		}
		piece, ok := pieceOf(p.Op, p.Strings[i], c.try+round, c.rng, c.text)
		if !ok {
			return nil, false
		}
		out = append(out, piece)
	}
	return out, true
}

// text returns the text of another field, which is given one if it has none.
func (c *candidates) text(name string) string {
	f := rtlib.Field(name)
	if s, ok := c.values[f].(string); ok {
		return s
	}
	c.values[f] = "usr"
	return "usr"
}

// join makes one text of pieces: one that covers the whole text, or a beginning, an end and what lies between.
func join(pieces []piece, sep string) string {
	first, last := "", ""
	var middle []string
	for _, p := range pieces {
		switch {
		case !p.left && !p.right:
			return p.text
		case !p.left && len(p.text) > len(first):
			first = p.text
		case !p.right && len(p.text) > len(last):
			last = p.text
		case p.left && p.right:
			middle = append(middle, p.text)
		}
	}
	text := first
	for _, m := range middle {
		if !strings.Contains(text, m) && !strings.Contains(last, m) {
			if text != "" {
				text += sep
			}
			text += m
		}
	}
	if last != "" && !(len(middle) == 0 && strings.HasSuffix(first, last)) {
		if text != "" {
			text += sep
		}
		text += last
	}
	return text
}
