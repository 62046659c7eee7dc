package pipeline

import (
	"errors"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// withVars makes a pipeline of variables and items.
func withVars(vars, items string) string { return "vars: " + vars + "\n" + itemsOf(items) }

func TestPlaceholdersAreFilled(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, detection, vars, items, want string }{
		{"a list makes several values", "s: {A|expand: '%x%'}\ncondition: s", "{x: [a, 'b*', 7]}", "- {type: value_placeholders}", "s: A: 'a' | 'b*' | '7'\n= s"},
		{"a scalar is a list of one", "s: {A|contains|expand: '-%x%'}\ncondition: s", "{x: a}", "- {type: value_placeholders}", "s: A: '*-a*'\n= s"},
		{"the leftmost of several varies slowest", "s: {A|expand: '%x%.%y%'}\ncondition: s", "{x: [a, b], y: [c, d]}", "- {type: value_placeholders}",
			"s: A: 'a.c' | 'a.d' | 'b.c' | 'b.d'\n= s"},
		{"stars that meet become one", "s: {A|contains|expand: '%x%'}\ncondition: s", "{x: '*a*'}", "- {type: value_placeholders}", "s: A: '*a*'\n= s"},
		{"names that are not selected wait", "s: {A|expand: '%x%-%y%'}\ncondition: s", "{x: a}",
			"- {type: value_placeholders, include: [x]}\n- {type: wildcard_placeholders, exclude: [z]}", "s: A: 'a-*'\n= s"},
		{"all keeps requiring all", "s: {A|expand|all: ['%x%', c]}\ncondition: s", "{x: [a, b]}", "- {type: value_placeholders}", "s: A: 'a' & 'b' & 'c'\n= s"},
		{"regular expressions take the text verbatim", "s: {A|re|expand: '^%x%$'}\ncondition: s", "{x: 'a.*'}", "- {type: value_placeholders}", "s: A: /^a.\\*$/\n= s"},
		{"encodings wait for the text", "s: {A|expand|base64: '%x%', B|cidr|expand: '%n%'}\ncondition: s", "{x: foo, n: 10.0.0.0/8}", "- {type: value_placeholders}",
			"s: A: 'Zm9v' and B: 10.0.0.0/8\n= s"},
		{"text without the modifier expand has no placeholders", "s: {A: '%x%'}\ncondition: s", "{x: a}", "- {type: value_placeholders}", "s: A: '%x%'\n= s"},
		{"query expressions leave other values alone", "s: {A|expand: '%x%', B: 1}\ncondition: s", "{x: a}",
			"- {type: query_expression_placeholders, expression: e, exclude: [x]}\n- {type: value_placeholders}", "s: A: 'a' and B: 1\n= s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			r := process(t, ruleOf(tt.detection), &log, withVars(tt.vars, tt.items))
			if got := dumpRule(r.Docs[0].Rule); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s\n%v", got, tt.want, log.All())
			}
		})
	}
}

func TestPlaceholdersThatCannotBeFilledFailTheRule(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, vars, items, want string }{
		{"no variable", "A|expand: '%x%'", "{}", "- {type: value_placeholders}", "variable 'x' doesn't exist"},
		{"a boolean", "A|expand: '%x%'", "{x: [true]}", "- {type: value_placeholders}", "string or number"},
		{"a null", "A|expand: '%x%'", "{x: }", "- {type: value_placeholders}", "string or number"},
		{"an empty list", "A|expand: '%x%'", "{x: []}", "- {type: value_placeholders}", "is empty"},
		{"a query expression", "A|expand: '%x%'", "{}", "- {type: query_expression_placeholders, expression: e}", "query expressions cannot be evaluated"},
		{"a query expression in a text", "A|expand: 'a%x%'", "{}", "- {type: query_expression_placeholders, expression: e, exclude: [x]}", "only allows placeholder-only strings"},
		{"a bad regular expression", "A|re|expand: '^%x%$'", "{x: '('}", "- {type: value_placeholders}", "invalid regex"},
		{"a bad network", "A|cidr|expand: '%x%'", "{x: zz}", "- {type: value_placeholders}", "invalid cidr"},
		{"data from outside", "A|expand: '%x%'", "{}", "- {type: file_placeholders, path: x}", "External data source transformations are disabled"},
		{"a source that nothing resolved", "A|expand: '%x%'", "{x: '${source.s}'}", "- {type: value_placeholders}", "unknown source 's'"},
		{"one left in a string under regex", "A|expand: '%x%'", "{}", "- {type: regex}", "unhandled placeholder 'x'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			r := process(t, ruleOf("s: {"+tt.value+"}\ncondition: s"), &log, withVars(tt.vars, tt.items))
			if !r.Docs[0].Failed {
				t.Fatalf("rule was not rejected: %s", dumpRule(r.Docs[0].Rule))
			}
			requireMessage(t, &log, diag.SeverityError, tt.want)
		})
	}
}

func TestTheProductOfPlaceholdersIsLimited(t *testing.T) {
	t.Parallel()
	var log diag.List
	set := loadRules(ruleOf("s: {A|expand: '%x%%x%%x%'}\ncondition: s"), &log)
	p := Merge([]*Pipeline{parse(t, withVars("{x: [a, b, c]}", "- {type: value_placeholders}"))})
	if r := p.Apply(set.Docs, Links{}, Options{MaxProduct: 27}, &log); r.Docs[0].Failed {
		t.Errorf("27 values were refused: %v", log.All())
	}
	p.Apply(set.Docs, Links{}, Options{MaxProduct: 26}, &log)
	requireMessage(t, &log, diag.SeverityError, "more than 26 values")
}

func TestExternalPlaceholdersAskForTheirValues(t *testing.T) {
	t.Parallel()
	const items = "- {type: command_placeholders, cmd: [a, b], format: csv, csv_column: 2, include: [x]}"
	tests := []struct {
		name   string
		values []string
		err    error
		want   string
	}{
		{"values", []string{"a", "b*"}, nil, "s: A: 'a' | 'b*'\n= s"},
		{"no value matches nothing", nil, nil, "s: A: \n= s"},
		{"a failure rejects the rule", nil, errors.New("exit 1"), "(none)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			var asked External
			set := loadRules(ruleOf("s: {A|expand: '%x%'}\ncondition: s"), &log)
			options := Options{External: func(e External) ([]string, error) {
				asked = e
				return tt.values, tt.err
			}}
			r := Merge([]*Pipeline{parse(t, itemsOf(items))}).Apply(set.Docs, Links{}, options, &log)
			if got := dumpRule(r.Docs[0].Rule); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			if asked.Kind != "command" || asked.Format != "csv" || asked.CSVColumn != "2" || asked.Params.Get("cmd") == nil {
				t.Errorf("asked for %+v", asked)
			}
		})
	}
}

func TestVariablesThatWereUsedAreNoted(t *testing.T) {
	t.Parallel()
	var log diag.List
	r := process(t, ruleOf("s: {A|expand: '%x%'}\ncondition: s"), &log, withVars("{x: a, y: b}", "- {type: value_placeholders}"))
	if got := strings.Join(r.Notes[r.Docs[0]].Vars, " "); got != "x" {
		t.Errorf("variables %q, want x", got)
	}
}
