package lint

import (
	"regexp/syntax"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var allWithoutOperator = Check{Code: "all-without-operator", Severity: Warning, Doc: "Under all alone every value must be the whole text of the field; a field with one value never satisfies two.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if it.Field.Kind == sigma.FieldKeyword || !has(it, "all") || hasOperator(it) || !isText(it) || has(it, "base64offset") {
				return
			}
			for _, v := range it.Raw {
				if hasWildcard(v.Text) {
					return
				}
			}
			p.reportItem(it, nil, "add contains, or take all out", "%s must equal all values at once", fieldName(it))
		})
	}}

var encodingAfterOperator = Check{Code: "encoding-after-operator", Severity: Info, Doc: "An encoding stands behind contains, startswith or endswith. Other programs apply modifiers in order, so that it must stand in front.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			operator := ""
			for _, m := range it.Modifiers {
				switch m.Name {
				case "contains", "startswith", "endswith":
					operator = m.Name
				case "base64", "base64offset", "wide", "utf16", "utf16le", "utf16be":
					if operator != "" {
						p.report(m.Pos, nil, "", "%s stands behind %s", m.Name, operator)
					}
				}
			}
		})
	}}

var base64OffsetAlone = Check{Code: "base64offset-without-contains", Severity: Info, Doc: "base64offset stands without contains. It implies it here; other programs compare the whole text.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if has(it, "base64offset") && !hasOperator(it) && it.Field.Kind != sigma.FieldKeyword {
				p.reportItem(it, nil, "add contains", "base64offset without contains")
			}
		})
	}}

var fieldWithSpace = Check{Code: "field-with-space", Severity: Info, Doc: "A field name holds a blank; many programs cannot ask for such a field, and a blank at an end is a slip.",
	one: func(p *pass, s *subject) {
		s.items(func(it *sigma.Item) {
			if strings.ContainsAny(it.Field.Name, " \t") {
				p.reportItem(it, nil, "", "the field %q holds a blank", it.Field.Name)
			}
		})
	}}

// commonFields are fields of Windows rules that are often written in another letter case.
var commonFields = func() map[string]string {
	out := map[string]string{}
	for _, f := range strings.Fields("CommandLine ParentCommandLine Image ParentImage OriginalFileName TargetFilename TargetObject Details ImageLoaded " +
		"SourceImage TargetImage GrantedAccess CallTrace QueryName DestinationIp DestinationPort DestinationHostname SourceIp SourcePort EventID " +
		"IntegrityLevel CurrentDirectory LogonId ScriptBlockText PipeName Hashes SubjectUserName TargetUserName LogonType ServiceName ServiceFileName Provider_Name") {
		out[strings.ToLower(f)] = f
	}
	return out
}()

var fieldCase = Check{Code: "field-case", Severity: Warning, Doc: "A field of a Windows rule is written in another letter case than usual. Field names are compared letter by letter, so it may never be there.",
	one: func(p *pass, s *subject) {
		if s.header.LogSource.Product != "windows" {
			return
		}
		s.items(func(it *sigma.Item) {
			if want := commonFields[strings.ToLower(it.Field.Name)]; want != "" && want != it.Field.Name && it.Field.Kind != sigma.FieldKeyword {
				p.reportItem(it, nil, "did you mean \""+want+"\"?", "the field %q is usually written %s", it.Field.Name, want)
			}
		})
	}}

// parse reads a regular expression, or returns nil.
func parse(v *yamldoc.Node) *syntax.Regexp {
	re, err := syntax.Parse(v.Text, syntax.Perl)
	if err != nil {
		return nil
	}
	return re
}

// eachRegex calls f for every regular expression of s.
func eachRegex(s *subject, f func(it *sigma.Item, v *yamldoc.Node, re *syntax.Regexp)) {
	s.items(func(it *sigma.Item) {
		if !has(it, "re") || has(it, "expand") {
			return
		}
		for _, v := range it.Raw {
			if re := parse(v); re != nil && v.IsScalar() {
				f(it, v, re)
			}
		}
	})
}

// isAny reports whether re is ".*".
func isAny(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar && (re.Sub[0].Op == syntax.OpAnyCharNotNL || re.Sub[0].Op == syntax.OpAnyChar)
}

var simpleRegex = Check{Code: "regex-instead-of-modifier", Severity: Info, Doc: "A regular expression only looks for a fixed text; contains, startswith or endswith says that and is found faster. They ignore letter case unless cased is added.",
	one: func(p *pass, s *subject) {
		eachRegex(s, func(it *sigma.Item, v *yamldoc.Node, re *syntax.Regexp) {
			parts := []*syntax.Regexp{re}
			if re.Op == syntax.OpConcat {
				parts = re.Sub
			}
			front, back, literal := false, false, false
			for i, part := range parts {
				switch {
				case part.Op == syntax.OpBeginText && i == 0:
					front = true
				case part.Op == syntax.OpEndText && i == len(parts)-1:
					back = true
				case isAny(part) && (i == 0 || i == len(parts)-1 || parts[i-1].Op == syntax.OpBeginText || parts[i+1].Op == syntax.OpEndText):
					if i < len(parts)/2 {
						front = false
					} else {
						back = false
					}
				case part.Op == syntax.OpLiteral && !literal:
					literal = true
				default:
					return
				}
			}
			if literal {
				name := map[[2]bool]string{{false, false}: "contains", {true, false}: "startswith", {false, true}: "endswith", {true, true}: "no modifier"}[[2]bool{front, back}]
				p.report(v.Pos, nil, "use "+name, "the expression %q looks for a fixed text", v.Text)
			}
		})
	}}

var regexEnds = Check{Code: "redundant-regex-ends", Severity: Info, Doc: "A regular expression begins or ends in .* although it may match anywhere; that only costs time.",
	one: func(p *pass, s *subject) {
		eachRegex(s, func(it *sigma.Item, v *yamldoc.Node, re *syntax.Regexp) {
			if re.Op == syntax.OpConcat && (isAny(re.Sub[0]) || isAny(re.Sub[len(re.Sub)-1])) {
				p.report(v.Pos, nil, "take .* off its ends", "the expression begins or ends in .*")
			}
		})
	}}

// largeProgram is the number of instructions above which an expression costs too much on long texts.
const largeProgram = 500

var largeRegex = Check{Code: "large-regex", Severity: Warning, Doc: "A regular expression compiles to more than 500 instructions; each costs some ten nanoseconds a byte where no literal rules the event out.",
	one: func(p *pass, s *subject) {
		eachRegex(s, func(it *sigma.Item, v *yamldoc.Node, re *syntax.Regexp) {
			if prog, err := syntax.Compile(re.Simplify()); err == nil && len(prog.Inst) > largeProgram {
				p.report(v.Pos, nil, "shorten counted repetitions such as {0,1000}", "the expression has %d instructions, more than %d", len(prog.Inst), largeProgram)
			}
		})
	}}
