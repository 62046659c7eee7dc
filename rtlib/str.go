package rtlib

import "strings"

// textTest judges one text: the exact text of a value, or its folded form for …Fold operators.
type textTest interface{ test(s string) bool }

// textMatcher holds if the text of the value, or of some element of it, passes the test.
type textMatcher struct {
	fold bool
	textTest
}

func (m *textMatcher) match(ev *Event, v *Value) bool {
	if v.Kind != Array {
		return v.Kind.HasText() && m.test(textOf(v, m.fold))
	}
	for e := ev.First(v); e != nil; e = ev.Next(e) {
		if e.Kind.HasText() && m.test(textOf(e, m.fold)) {
			return true
		}
	}
	return false
}

// textOf returns the form of v's text that an operator compares.
func textOf(v *Value, fold bool) string {
	if fold {
		return v.Fold
	}
	return v.Text
}

type (
	equalTest  string
	prefixTest string
	suffixTest string
)

func (t equalTest) test(s string) bool  { return s == string(t) }
func (t prefixTest) test(s string) bool { return strings.HasPrefix(s, string(t)) }
func (t suffixTest) test(s string) bool { return strings.HasSuffix(s, string(t)) }

// containsTest looks for its needle by the byte of it that is rarest in telemetry: strings.Contains starts from the first one,
// and there are few texts without an e.
type containsTest struct {
	needle string
	rarest int // offset
}

func newContainsTest(needle string) containsTest {
	t := containsTest{needle: needle}
	for i := range len(needle) {
		if commonness[needle[i]] < commonness[needle[t.rarest]] {
			t.rarest = i
		}
	}
	return t
}

func (t containsTest) test(s string) bool {
	if t.needle == "" {
		return true
	}
	c := t.needle[t.rarest]
	for from := 0; len(s)-from >= len(t.needle); {
		at := strings.IndexByte(s[from+t.rarest:], c)
		if at < 0 {
			return false
		}
		from += at
		if strings.HasPrefix(s[from:], t.needle) {
			return true
		}
		from++
	}
	return false
}

// anyContains looks for a few needles, a piece of the text at a time: the one that is there may stand near the front, while the
// others would be searched to the very end.
type anyContains struct {
	tests   []containsTest
	overlap int // so that no needle falls between two pieces
}

// pieceSize is how much of a text is searched for one needle before the next one has its turn.
const pieceSize = 512

func newAnyContains(needles []string) *anyContains {
	a := &anyContains{}
	for _, needle := range needles {
		a.tests = append(a.tests, newContainsTest(needle))
		a.overlap = max(a.overlap, len(needle)-1)
	}
	return a
}

func (a *anyContains) test(s string) bool {
	for from := 0; ; from += pieceSize {
		piece := s[from:min(len(s), from+pieceSize+a.overlap)]
		for _, t := range a.tests {
			if t.test(piece) {
				return true
			}
		}
		if from+len(piece) == len(s) {
			return false
		}
	}
}

// commonness ranks bytes by how often they occur in the text of events; what is not listed is rare.
var commonness = func() (rank [256]uint8) {
	const common = `etiosanrcl\dmpu-h. 0wgfb/1y:2v3k4587x96_"=,q;jz()` // most common first
	for i := range len(common) {
		rank[common[i]] = uint8(len(common) - i)
		if c := common[i]; 'a' <= c && c <= 'z' {
			rank[c-'a'+'A'] = uint8(len(common)-i) / 2
		}
	}
	return rank
}()

// anyTest passes if one of a few tests does.
type anyTest []textTest

func (a anyTest) test(s string) bool {
	for _, t := range a {
		if t.test(s) {
			return true
		}
	}
	return false
}

// newText compiles the operators on literal text: Equal, Prefix, Suffix, Contains and their …Fold forms.
//
//	Image|endswith: '\cmd.exe'   →   &Pred{Op: SuffixFold, Field: "Image", Strings: []string{`\cmd.exe`}}
//
// Source: sigma-language.md sections 7.2 and 8.2; vectors modifiers.yml.
func newText(p *Pred) matcher {
	fold := p.Op.IsFold()
	needles := needles(p.Strings, fold)
	few := fewOperands
	if p.Op == Contains || p.Op == ContainsFold {
		few = fewNeedles
	}
	if p.All || len(needles) <= few {
		var ms []matcher
		for _, needle := range needles {
			ms = append(ms, &textMatcher{fold, literalTest(p.Op, needle)})
		}
		if !p.All && len(ms) > 1 {
			return &textMatcher{fold, fewLiterals(p.Op, needles)}
		}
		return combine(p.All, ms)
	}
	return &textMatcher{fold, newLiteralSet(p.Op, needles)}
}

// needles returns the literals of a predicate as they are compared.
func needles(literals []string, fold bool) []string {
	if !fold {
		return literals
	}
	folded := make([]string, len(literals))
	for i, s := range literals {
		folded[i] = Fold(s)
	}
	return folded
}

func literalTest(op Op, needle string) textTest {
	switch op {
	case Equal, EqualFold:
		return equalTest(needle)
	case Prefix, PrefixFold:
		return prefixTest(needle)
	case Suffix, SuffixFold:
		return suffixTest(needle)
	default:
		return newContainsTest(needle)
	}
}

func fewLiterals(op Op, needles []string) textTest {
	if op == Contains || op == ContainsFold {
		return newAnyContains(needles)
	}
	var tests anyTest
	for _, needle := range needles {
		tests = append(tests, literalTest(op, needle))
	}
	return tests
}
