package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// selection says which placeholders an item handles: those of include, or all but those of exclude (section 8).
type selection struct {
	include, exclude []string
	only             bool // include was given
}

func readSelection(a *params) selection {
	s := selection{include: a.texts("include"), exclude: a.texts("exclude")}
	n := a.optional("include")
	s.only = n != nil
	if s.only && a.optional("exclude") != nil {
		a.errorf(n.Pos, CodeInvalidValue, a.where, "include and exclude are mutually exclusive")
	}
	return s
}

func (s selection) selects(name string) bool {
	if s.only {
		return slices.Contains(s.include, name)
	}
	return !slices.Contains(s.exclude, name)
}

// filling is one text that takes the place of a placeholder.
type filling struct {
	text string
	any  bool // any text, instead
}

// fillPlaceholders puts what fill returns for the selected placeholders in their place. Every filling makes one value; if
// there is none, the value matches nothing. The product of several placeholders has the leftmost varying slowest.
func (r *run) fillPlaceholders(s selection, fill func(name string) ([]filling, error)) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		p := placeholderPattern(v)
		if !slices.ContainsFunc(p, func(t sigma.Token) bool { return t.Kind == sigma.TokenPlaceholder && s.selects(t.Text) }) {
			return nil, false, nil
		}
		_, isRegex := v.(sigma.Regex)
		patterns := []sigma.Pattern{nil}
		for _, token := range p {
			alternatives := []sigma.Pattern{{token}}
			if token.Kind == sigma.TokenPlaceholder && s.selects(token.Text) {
				fillings, err := fill(token.Text)
				if err != nil {
					return nil, false, err
				}
				alternatives = fillingPatterns(fillings, isRegex)
			}
			if len(patterns)*len(alternatives) > r.options.MaxProduct {
				return nil, false, fail(CodePlaceholder, "the placeholders of a value stand for more than %d values", r.options.MaxProduct)
			}
			patterns = product(patterns, alternatives)
		}
		values, err := r.filled(v, patterns)
		return values, true, err
	})
}

// placeholderPattern returns the pattern of a value that may have placeholders.
func placeholderPattern(v sigma.Value) sigma.Pattern {
	switch v := v.(type) {
	case sigma.String:
		return v.Pattern
	case sigma.Regex:
		return v.Pattern
	case sigma.Deferred:
		return v.Pattern
	}
	return nil
}

// fillingPatterns returns what stands for fillings in a string, or in a regular expression, where texts are put verbatim.
func fillingPatterns(fillings []filling, isRegex bool) []sigma.Pattern {
	var out []sigma.Pattern
	for _, f := range fillings {
		switch {
		case isRegex && f.any:
			out = append(out, modifier.Literal(".*"))
		case isRegex:
			out = append(out, modifier.Literal(f.text))
		case f.any:
			out = append(out, sigma.Pattern{{Kind: sigma.TokenStar}})
		default:
			out = append(out, modifier.ReadPattern(f.text))
		}
	}
	return out
}

// product appends each of b to each of a.
func product(a, b []sigma.Pattern) []sigma.Pattern {
	out := make([]sigma.Pattern, 0, len(a)*len(b))
	for _, p := range a {
		for _, q := range b {
			out = append(out, appendPattern(slices.Clone(p), q))
		}
	}
	return out
}

// filled returns v with each of patterns. No pattern at all makes a value that matches nothing.
func (r *run) filled(v sigma.Value, patterns []sigma.Pattern) ([]sigma.Value, error) {
	if len(patterns) == 0 {
		return []sigma.Value{sigma.Expansion{}}, nil
	}
	var out []sigma.Value
	for _, p := range patterns {
		w, err := r.fillOne(v, p)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// fillOne returns v with the pattern p. What waited for the last placeholder is done now.
func (r *run) fillOne(v sigma.Value, p sigma.Pattern) (sigma.Value, error) {
	switch v := v.(type) {
	case sigma.String:
		v.Pattern = p
		return v, nil
	case sigma.Regex:
		v.Pattern = p
		return v, checkRegex(v)
	case sigma.Deferred:
		return r.finishDeferred(v, p)
	}
	panic("pipeline: value without placeholders")
}

// checkRegex checks a regular expression once it has no placeholders any more.
func checkRegex(v sigma.Regex) error {
	source, ok := literalText(v.Pattern)
	if !ok {
		return nil
	}
	if fault := modifier.CheckRegex(source, v.Flags); fault != nil {
		return fail(fault.Code, "%s", fault.Msg)
	}
	return nil
}

// finishDeferred applies the modifiers of v that waited for its placeholders.
func (r *run) finishDeferred(v sigma.Deferred, p sigma.Pattern) (sigma.Value, error) {
	var err error
	out := modifier.Finish(v, p, func(severity diag.Severity, code diag.Code, format string, args ...any) {
		if severity == diag.SeverityError {
			err = fail(code, format, args...)
			return
		}
		r.warn(code, format, args...)
	})
	return out, err
}
