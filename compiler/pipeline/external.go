package pipeline

import "github.com/rsigma-go/rsigma/compiler/yamldoc"

// External says where the values of file, HTTP or command placeholders come from. Parameters that are not given are empty.
type External struct {
	Kind   string        // file, http or command
	Params *yamldoc.Node // the item as written, for what only its kind has; checked

	Format    string // plaintext, csv, json or yaml
	Filter    string // a regular expression in RE2 syntax that a value must match somewhere
	JQ        string // expression that yields the values
	CSVColumn string // name or number
	CSVHeader bool
}

// externalPlaceholders fills placeholders with values from outside (section 8).
type externalPlaceholders struct {
	selection
	source External
}

// readExternal reads what the three kinds have in common.
func readExternal(a *params, kind string) transformation {
	t := externalPlaceholders{selection: readSelection(a), source: External{Kind: kind, Params: a.node}}
	t.source.Format = a.choice("format", "invalid value", "plaintext", "csv", "json", "yaml")
	t.source.Filter = a.text("filter", "")
	a.compileAnywhere(a.optional("filter"), "filter")
	t.source.JQ = a.text("jq_expression", "")
	t.source.CSVHeader = a.flag("csv_has_header")
	if n := a.optional("csv_column"); n != nil {
		if n.Kind != yamldoc.KindString && n.Kind != yamldoc.KindInt {
			a.invalid(n, "csv_column", "expected a name or a number, not a %s", n.Kind)
		}
		t.source.CSVColumn = n.Text
	}
	return t
}

// positive reads an optional number greater than zero.
func (a *params) positive(name string) {
	n := a.optional(name)
	if n != nil && (!isNumber(n) || n.Float <= 0) {
		a.invalid(n, name, "expected a number greater than zero")
	}
}

func (t externalPlaceholders) applyRule(r *run) error {
	return r.fillPlaceholders(t.selection, func(name string) ([]filling, error) {
		if r.options.External == nil {
			return nil, fail(CodeExternalSource, "External data source transformations are disabled (placeholder '%s')", name)
		}
		values, err := r.options.External(t.source)
		if err != nil {
			return nil, fail(CodeExternalSource, "values of placeholder '%s': %v", name, err)
		}
		if len(values) == 0 {
			r.warn(CodeEmptySource, "the source of placeholder '%s' is an empty list, so the value matches nothing", name)
		}
		var out []filling
		for _, v := range values {
			out = append(out, filling{text: v})
		}
		return out, nil
	})
}
