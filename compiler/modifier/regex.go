package modifier

import (
	"errors"
	"regexp/syntax"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// maxProgram is the number of instructions a regular expression may compile to.
const maxProgram = 10000

// regex types a regular expression (section 8.4). It returns nil after an error.
func (a *applier) regex(c *chain, n *yamldoc.Node) sigma.Value {
	source, ok := a.scalarText(n, "modifier re")
	if !ok {
		return nil
	}
	p := Literal(source)
	if c.expand {
		p = readRaw(source)
	}
	if fault := CheckRegex(rawText(p), c.flags); fault != nil {
		a.errorf(n.Pos, fault.Code, "%s", fault.Msg).Hint = fault.Hint
		return nil
	}
	return sigma.Regex{Pattern: p, Flags: c.flags}
}

// rawText writes the pattern of a regular expression; placeholders stand as %name%, which is valid wherever text is.
func rawText(p sigma.Pattern) string {
	var b strings.Builder
	for _, t := range p {
		if t.Kind == sigma.TokenPlaceholder {
			b.WriteString("%" + t.Text + "%")
			continue
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// RegexFault says why a regular expression cannot be used.
type RegexFault struct {
	Code diag.Code
	Msg  string
	Hint string // may be empty
}

// CheckRegex compiles source with flags, a subset of "ims", as the run time does, and returns what is wrong with it or nil.
// Cost grows with the size of the compiled program, which syntax limits.
//
// Source: sigma-language.md section 20.
func CheckRegex(source, flags string) *RegexFault {
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return invalidRegex(source, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return invalidRegex(source, err)
	}
	if len(prog.Inst) > maxProgram {
		return &RegexFault{
			Code: diag.CodeRegexTooLarge,
			Msg:  "regex too large: it compiles to more than 10,000 instructions",
			Hint: "lower the repetition counts",
		}
	}
	return nil
}

// invalidRegex explains err, with a hint if source uses something that RE2 leaves out on purpose.
func invalidRegex(source string, err error) *RegexFault {
	fault := &RegexFault{Code: diag.CodeInvalidRegex, Msg: "invalid regex: " + err.Error()}
	var se *syntax.Error
	if !errors.As(err, &se) {
		return fault
	}
	fault.Msg = "invalid regex: " + se.Code.String() + " `" + se.Expr + "`"
	if construct, hint := unsupported(source, se.Code); construct != "" {
		fault.Msg = "invalid regex: `" + construct + "` is not supported"
		fault.Hint = hint
	}
	return fault
}

// constructs are group openings of other dialects. None of them is ever valid.
var constructs = []struct{ text, hint string }{
	{"(?=", "RE2 has no look-ahead; use a second value with all, or the condition"},
	{"(?!", "RE2 has no look-ahead; exclude in the condition"},
	{"(?<=", "RE2 has no look-behind; match the text before as well"},
	{"(?<!", "RE2 has no look-behind; exclude in the condition"},
	{"(?>", "RE2 has no atomic groups and never backtracks; write (?:"},
	{"(?P=", "RE2 has no backreferences"},
	{"(?(", "RE2 has no conditional groups; write alternatives"},
	{"(?#", "RE2 has no comments"},
}

// unsupported returns the first construct in source that RE2 does not have and that explains an error with code, and what to
// do about it.
func unsupported(source string, code syntax.ErrorCode) (construct, hint string) {
	inClass := false
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			if !inClass && code == syntax.ErrInvalidEscape && strings.IndexByte("123456789k", rest[1]) >= 0 {
				return rest[:2], "RE2 has no backreferences"
			}
			i++
		case inClass:
			inClass = rest[0] != ']'
		case rest[0] == '[':
			inClass = true
		case rest[0] == '(':
			if construct, hint = groupConstruct(rest); construct != "" {
				return construct, hint
			}
		case code == syntax.ErrInvalidRepeatOp && isPossessive(rest):
			return rest[:2], "RE2 has no possessive quantifiers and never backtracks; drop the second +"
		}
	}
	return "", ""
}

// groupConstruct returns the unsupported group opening that rest begins with, or "".
func groupConstruct(rest string) (construct, hint string) {
	for _, c := range constructs {
		if strings.HasPrefix(rest, c.text) {
			return c.text, c.hint
		}
	}
	return "", ""
}

// isPossessive reports whether rest begins with a possessive quantifier.
func isPossessive(rest string) bool {
	return len(rest) > 1 && rest[1] == '+' && strings.IndexByte("*+?}", rest[0]) >= 0
}
