package modifier_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// apply returns the only item of a detection written as YAML.
func apply(t *testing.T, detection string) *sigma.Item {
	t.Helper()
	log := &diag.List{}
	src := "title: t\nsigma-version: 3\nlogsource: {category: t}\ndetection:\n  s: " + detection + "\n  condition: s\n"
	parsed := sigma.Parse(yamldoc.Parse("t.yml", []byte(src), log), log)
	docs := modifier.Apply(parsed, log)
	if log.Errors() > 0 {
		t.Fatalf("%s: %v", detection, log.All())
	}
	it := docs[0].Rule.Detections[0].Body.Nodes[0].(*sigma.Item)
	if before := parsed[0].Rule.Detections[0].Body.Nodes[0].(*sigma.Item); before == it || before.Values != nil {
		t.Fatalf("%s: Apply changed its input", detection)
	}
	return it
}

// describe writes values in a short form.
func describe(values []sigma.Value) string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case sigma.String:
			out = append(out, describeString(v))
		case sigma.Expansion:
			var parts []string
			for _, s := range v.Values {
				parts = append(parts, describeString(s))
			}
			out = append(out, "("+strings.Join(parts, "|")+")")
		case sigma.Regex:
			out = append(out, fmt.Sprintf("regex[%s]%s", v.Flags, show(v.Pattern)))
		case sigma.Deferred:
			out = append(out, fmt.Sprintf("deferred%v%s", v.Modifiers, show(v.Pattern)))
		case sigma.Network:
			out = append(out, v.Prefix.String())
		case sigma.Number:
			out = append(out, fmt.Sprintf("number[%v]%s", v.IsInt, v.Text))
		default:
			out = append(out, fmt.Sprintf("%T%+v", v, v))
		}
	}
	return strings.Join(out, " ")
}

func describeString(s sigma.String) string {
	text := show(s.Pattern)
	if s.Cased {
		text = "cased" + text
	}
	if s.Windash {
		text = "windash" + text
	}
	return text
}

func TestModifiersGiveValuesTheirTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ detection, want string }{
		{`{f: [x, 5, 5.0, true, 0x1F]}`, `<x> number[true]5 number[false]5 sigma.Bool{Value:true} number[true]31`},
		{`{f: null}`, `sigma.Null{}`},
		{`{f: ''}`, ``},
		{`{f|contains: [a, '*a*', 'a*', '', 5]}`, `*<a>* *<a>* *<a>* * *<5>*`},
		{`{f|startswith: ['a*b', 'a*']}`, `<a>*<b>* <a>*`},
		{`{f|endswith|cased: '\x'}`, `cased*<\x>`},
		{`{f|contains|windash: ' -a'}`, `windash*< -a>*`},
		{`{f|re|s|ignorecase: '\\a*'}`, `regex[is]<\\a*>`},
		{`{f|re: 445}`, `regex[]<445>`},
		{`{f|re|expand: 'a%x%\%b\%'}`, `regex[]<a>%x%<%b%>`},
		{`{f|cidr: [10.1.2.3/8, 192.0.2.7, '::1']}`, `10.0.0.0/8 192.0.2.7/32 ::1/128`},
		{`{f|gte: ['1e3', -5]}`, `sigma.Compare{Op:2 Number:{IsInt:false Int:0 Float:1000 Text:1000}} sigma.Compare{Op:2 Number:{IsInt:true Int:-5 Float:-5 Text:-5}}`},
		{`{f|hour|lt: '6'}`, `sigma.TimePart{Part:1 Op:3 Number:{IsInt:true Int:6 Float:6 Text:6}}`},
		{`{f|week: 6}`, `sigma.TimePart{Part:3 Op:0 Number:{IsInt:true Int:6 Float:6 Text:6}}`},
		{`{f|startswith|fieldref|cased: ['a\*', 7]}`, `sigma.FieldRef{Field:a* Op:2 Cased:true} sigma.FieldRef{Field:7 Op:2 Cased:true}`},
		{`{f|exists: 'No'}`, `sigma.Exists{Want:false}`},
		{`{f|expand|contains: '%x%'}`, `*%x%*`},
		{`{f|expand|base64offset: '%x%'}`, `deferred[base64offset contains]%x%`},
		{`{f|wide|expand|base64|cased: 'a%x%'}`, `deferred[wide base64 cased]<a>%x%`},
		{`{f|expand|cidr: '%net%/8'}`, `deferred[cidr]%net%</8>`},
		{`[a, 5, true]`, `*<a>* *<5>* *<true>*`},
		{`{'|startswith': [a, false]}`, `<a>* <false>*`},
		{`{'|re': x}`, `regex[]<x>`},
	} {
		if got := describe(apply(t, c.detection).Values); got != c.want {
			t.Errorf("%s = %s, want %s", c.detection, got, c.want)
		}
	}
}

func TestEncodingsFollowTheBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ detection, want string }{
		{`{f|base64: 'http://'}`, `<aHR0cDovLw==>`},
		{`{f|base64: 'a\*'}`, `<YSo=>`},
		{`{f|base64|contains: abc}`, `*<YWJj>*`},
		{`{f|wide|base64: Test}`, `<VABlAHMAdAA=>`},
		{`{f|utf16be|base64: AB}`, `<AEEAQg==>`},
		{`{f|utf16|base64: A}`, `<//5BAA==>`},
		{`{f|wide|base64: "\U0001F600"}`, `<PdgA3g==>`},
		{`{f|base64offset: foobar}`, `(*<Zm9vYmFy>*|*<Zvb2Jhc>*|*<mb29iYX>*)`},
		{`{f|base64offset|startswith: foob}`, `(<Zm9vY>*|<Zvb2>*|<mb29i>*)`},
		{`{f|base64offset: é}`, `(*<w6>*|*<Op>*|*<Dq>*)`},
		{`{f|base64offset: a}`, `(*<Y>*|*<h>*)`},
		{`{f|wide: 'a*b'}`, "<a\x00>*<b\x00>"},
		{`{f|utf16be|contains: 'ab'}`, "*<\x00a\x00b>*"},
		{`{f|utf16|endswith: '*a'}`, "*<\uFEFF>*<a\x00>"},
		{`{f|utf16: ''}`, "<\uFEFF>"},
		{`{'|base64': abc}`, `*<YWJj>*`},
	} {
		if got := describe(apply(t, c.detection).Values); got != c.want {
			t.Errorf("%s = %q, want %q", c.detection, got, c.want)
		}
	}
}

func TestLinkingModifiersBelongToTheItem(t *testing.T) {
	t.Parallel()
	it := apply(t, `{f|neq|all|contains: [a, b]}`)
	if !it.All || !it.Neg {
		t.Errorf("All = %v, Neg = %v", it.All, it.Neg)
	}
}

func TestDeferredValuesAreFinishedOnceTheirPlaceholdersAreFilled(t *testing.T) {
	t.Parallel()
	var problems []string
	report := func(_ diag.Severity, code diag.Code, _ string, _ ...any) { problems = append(problems, string(code)) }
	for _, c := range []struct{ detection, text, want string }{
		{`{f|expand|wide|base64offset|cased: '%x%'}`, `iex`, `(cased*<aQBlAHgA>*|cased*<kAZQB4A>*|cased*<pAGUAeA>*)`},
		{`{f|expand|cidr: '%x%'}`, `10.0.0.0/8`, `10.0.0.0/8`},
		{`{f|expand|base64: '%x%'}`, `%y%`, `deferred[base64]%y%`},
		{`{f|expand|base64: '%x%'}`, `a*`, `<nil>`},
		{`{f|expand|cidr: '%x%'}`, `a*`, `<nil>`},
	} {
		d := apply(t, c.detection).Values[0].(sigma.Deferred)
		got := "<nil>"
		if v := modifier.Finish(d, modifier.ReadPlaceholders(c.text), report); v != nil {
			got = describe([]sigma.Value{v})
		}
		if got != c.want {
			t.Errorf("%s filled with %q = %s, want %s", c.detection, c.text, got, c.want)
		}
	}
	if got := strings.Join(problems, " "); got != "wildcard-not-allowed invalid-cidr" {
		t.Errorf("problems = %s", got)
	}
}
