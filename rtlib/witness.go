package rtlib

// WitnessKind says how the literal of a witness occurs in the folded text of an element.
type WitnessKind uint8

// The kinds. WitnessNumber: the element's numeric value, as a double, equals Number. WitnessPresent: the field is not missing;
// for AnyString: the event has a string value.
const (
	WitnessPresent WitnessKind = iota
	WitnessEqual
	WitnessPrefix
	WitnessSuffix
	WitnessContains
	WitnessNumber
)

var witnessNames = [...]string{"Present", "Equal", "Prefix", "Suffix", "Contains", "Number"}

// String returns the name of the kind: "Prefix".
func (k WitnessKind) String() string {
	if int(k) >= len(witnessNames) {
		return "WitnessKind"
	}
	return witnessNames[k]
}

// WitnessLiteral is something that can be seen of a field without evaluating a predicate.
type WitnessLiteral struct {
	Kind   WitnessKind
	Text   string // folded; empty for WitnessNumber and WitnessPresent
	Number float64
}

var present = []WitnessLiteral{{Kind: WitnessPresent}}

// Witnesses returns what p needs: if p holds for an event then of every list at least one literal is met by some element of
// field p.ID(). nil says that p may hold whatever the field is, as IsNull and Exists false do. The texts of all kinds but
// WitnessEqual are not empty. The claims are necessary, never sufficient.
func (p *Pred) Witnesses() [][]WitnessLiteral {
	var claims [][][]WitnessLiteral // by operand
	switch p.Op {
	case IsNull:
		return nil
	case Exists:
		if !p.Want {
			return nil
		}
	case Equal, EqualFold, Prefix, PrefixFold, Suffix, SuffixFold, Contains, ContainsFold:
		for _, s := range p.Strings {
			claims = append(claims, literalClaim(p.Op, Fold(s)))
		}
	case Glob, GlobFold, GlobDash, GlobDashFold, Expand, ExpandFold:
		opt := globOptions{
			fold: true,
			dash: p.Op == GlobDash || p.Op == GlobDashFold,
			refs: p.Op == Expand || p.Op == ExpandFold,
		}
		for _, pattern := range p.Strings {
			claims = append(claims, compileGlob(pattern, opt).claim())
		}
	case Regex:
		for _, expr := range p.Strings {
			claims = append(claims, regexClaim(expr))
		}
	case NumEqual:
		claims = numberClaims(p)
	}
	return combineClaims(p.All, claims)
}

// combineClaims joins what the operands need: all of it under All, else for each operand the best of its lists.
func combineClaims(all bool, claims [][][]WitnessLiteral) [][]WitnessLiteral {
	var joined [][]WitnessLiteral
	if all || len(claims) == 1 {
		for _, claim := range claims {
			joined = append(joined, claim...)
		}
	} else if alternatives := alternatives(claims); alternatives != nil {
		joined = append(joined, alternatives)
	}
	if len(joined) == 0 {
		return [][]WitnessLiteral{present}
	}
	return joined
}

func alternatives(claims [][][]WitnessLiteral) []WitnessLiteral {
	var union []WitnessLiteral
	for _, claim := range claims {
		if len(claim) == 0 {
			return nil
		}
		best := claim[0]
		for _, list := range claim[1:] {
			if witnessLength(list) > witnessLength(best) {
				best = list
			}
		}
		union = append(union, best...)
	}
	return union
}

// witnessLength returns the length of the shortest text, by which lists are judged.
func witnessLength(list []WitnessLiteral) int {
	n := len(list[0].Text)
	for _, w := range list {
		n = min(n, len(w.Text))
	}
	return n
}

func literalClaim(op Op, folded string) [][]WitnessLiteral {
	kind := WitnessContains
	switch op {
	case Equal, EqualFold:
		kind = WitnessEqual
	case Prefix, PrefixFold:
		kind = WitnessPrefix
	case Suffix, SuffixFold:
		kind = WitnessSuffix
	}
	if folded == "" && kind != WitnessEqual {
		return nil
	}
	return [][]WitnessLiteral{{{Kind: kind, Text: folded}}}
}

// claim lists every literal of g; g is folded. A character that windash varies ends a literal.
func (g *glob) claim() [][]WitnessLiteral {
	last := len(g.segments) - 1
	if last == 0 && len(g.segments[0]) == 0 {
		return literalClaim(Equal, "")
	}
	var claim [][]WitnessLiteral
	for i, seg := range g.segments {
		for j, part := range seg {
			if part.kind != globLiteral {
				continue
			}
			op := Contains
			front, back := i == 0 && j == 0, i == last && j == len(seg)-1
			switch {
			case front && back:
				op = Equal
			case front:
				op = Prefix
			case back:
				op = Suffix
			}
			claim = append(claim, literalClaim(op, part.text)...)
		}
	}
	return claim
}

func regexClaim(expr string) [][]WitnessLiteral {
	var list []WitnessLiteral
	for _, s := range regexLiterals(expr) {
		list = append(list, WitnessLiteral{Kind: WitnessContains, Text: s})
	}
	if list == nil {
		return nil
	}
	return [][]WitnessLiteral{list}
}

func numberClaims(p *Pred) [][][]WitnessLiteral {
	var claims [][][]WitnessLiteral
	add := func(f float64) {
		if f == 0 {
			f = 0 // not negative, so that the bits of the number can be a key
		}
		claims = append(claims, [][]WitnessLiteral{{{Kind: WitnessNumber, Number: f}}})
	}
	for _, i := range p.Ints {
		add(float64(i))
	}
	for _, f := range p.Floats {
		add(f)
	}
	return claims
}
