package pipeline

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// compileStart compiles a pattern that must match at the start of the text (section 6.2). It returns nil after an error.
func (a *params) compileStart(n *yamldoc.Node, name string) *regexp.Regexp {
	return a.compile(n, name, `\A(?:`, `)`)
}

// compileAnywhere compiles a pattern that may match anywhere. It returns nil after an error.
func (a *params) compileAnywhere(n *yamldoc.Node, name string) *regexp.Regexp {
	return a.compile(n, name, "", "")
}

// compileBehind compiles a pattern that must match right behind the first character of the text, which the pattern thus can look
// back at. It returns nil after an error.
func (a *params) compileBehind(n *yamldoc.Node, name string) *regexp.Regexp {
	return a.compile(n, name, `\A(?s:.)(?:`, `)`)
}

// compile compiles a pattern in RE2 syntax (section 13.3) between before and after.
func (a *params) compile(n *yamldoc.Node, name, before, after string) *regexp.Regexp {
	if n == nil {
		return nil
	}
	source := translate(a.asText(n, name))
	if fault := modifier.CheckRegex(source, ""); fault != nil {
		msg := fault.Msg
		if !strings.Contains(msg, "invalid regex") {
			msg = "invalid regex: " + msg
		}
		a.errorf(n.Pos, CodeInvalidRegex, a.where, "'%s': %s", name, msg).Hint = fault.Hint
		return nil
	}
	re, err := regexp.Compile(before + source + after)
	if err != nil {
		a.errorf(n.Pos, CodeInvalidRegex, a.where, "'%s': invalid regex: %v", name, err)
		return nil
	}
	return re
}

// translate turns \Z, which other dialects have for the end of the text, into \z.
func translate(source string) string {
	var b strings.Builder
	for i := 0; i < len(source); i++ {
		b.WriteByte(source[i])
		if source[i] != '\\' || i+1 == len(source) {
			continue
		}
		i++
		if source[i] == 'Z' {
			b.WriteByte('z')
			continue
		}
		b.WriteByte(source[i])
	}
	return b.String()
}
