package modifier

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// chain is the modifiers of one item, resolved.
type chain struct {
	keyword         bool
	operator        string // contains, startswith, endswith, re, cidr, exists, gt, gte, lt, lte or ""
	timePart        string
	fieldRef        bool
	encodings       []string // in written order, without windash
	windash         bool
	expand          bool
	flags           string // sorted
	all, neq, cased bool
}

// add takes one more modifier into account.
func (c *chain) add(d *definition) {
	switch d.family {
	case familyOperator, familyCompare:
		c.operator = d.name
	case familyTimePart:
		c.timePart = d.name
	case familyReference:
		c.fieldRef = true
	case familyEncoding:
		c.encode(d.name)
	case familyPlaceholder:
		c.expand = true
	case familyFlag:
		flags := append([]byte(c.flags), d.name[0])
		slices.Sort(flags)
		c.flags = string(flags)
	case familyLinking:
		c.link(d.name)
	}
}

func (c *chain) encode(name string) {
	if name == "windash" {
		c.windash = true
		return
	}
	c.encodings = append(c.encodings, name)
}

func (c *chain) link(name string) {
	switch name {
	case "all":
		c.all = true
	case "neq":
		c.neq = true
	case "cased":
		c.cased = true
	}
}

// isText reports whether values are compared as patterns.
func (c *chain) isText() bool {
	return !c.fieldRef && c.timePart == "" && (c.operator == "" || isAffix(c.operator))
}

// isPlain reports whether a value keeps its YAML type.
func (c *chain) isPlain() bool {
	return !c.keyword && c.isText() && c.operator == "" && len(c.encodings) == 0 && !c.windash
}

// affix returns the text operator that applies: as written, or the default of keywords and base64offset.
func (c *chain) affix() string {
	if c.operator == "" && (c.keyword || slices.Contains(c.encodings, "base64offset")) {
		return "contains"
	}
	return c.operator
}

// isAffix reports whether name is one of the operators that look for a part of the text.
func isAffix(name string) bool {
	return name == "contains" || name == "startswith" || name == "endswith"
}

// resolve looks the modifiers of it up and checks how they are combined. It reports false after an error.
func (a *applier) resolve(it *sigma.Item) (*chain, bool) {
	c := &chain{keyword: it.Field.Kind == sigma.FieldKeyword}
	defs, ok := a.definitions(it.Modifiers)
	if !ok {
		return c, false
	}
	for i, d := range defs {
		if c.keyword && !d.keyword {
			a.errorf(it.Modifiers[i].Pos, diag.CodeRequiresAField, "modifier %q requires a field", d.name)
			return c, false
		}
		for _, earlier := range defs[:i] {
			if reason := conflict(earlier, d); reason != "" {
				a.errorf(it.Modifiers[i].Pos, diag.CodeConflictingModifiers, "conflicting modifiers %q and %q: %s", earlier.name, d.name, reason)
				return c, false
			}
		}
		c.add(d)
	}
	return c, a.checkCounts(it, c)
}

// definitions resolves names. It reports false after an error.
func (a *applier) definitions(modifiers []sigma.Modifier) ([]*definition, bool) {
	var out []*definition
	ok := true
	for _, m := range modifiers {
		d := byName[m.Name]
		switch {
		case m.Name == "not":
			a.errorf(m.Pos, diag.CodeNotAValueModifier, "\"not\" is not a value modifier").Hint = "negate the detection in the condition, or use neq"
			ok = false
		case d == nil:
			a.errorf(m.Pos, diag.CodeUnknownModifier, "unknown modifier %q", m.Name).Hint = didYouMean(m.Name)
			ok = false
		case slices.Contains(out, d):
			a.errorf(m.Pos, diag.CodeDuplicateModifier, "duplicate modifier %q", m.Name)
			ok = false
		}
		out = append(out, d)
	}
	return out, ok
}

// didYouMean returns the hint for an unknown modifier; it may be empty.
func didYouMean(name string) string {
	return diag.Suggest(name, allNames())
}

// checkCounts checks what depends on more than two modifiers at a time.
func (a *applier) checkCounts(it *sigma.Item, c *chain) bool {
	pos := it.Pos
	if len(it.Modifiers) > 0 {
		pos = it.Modifiers[0].Pos
	}
	switch {
	case c.flags != "" && c.operator != "re":
		a.errorf(pos, diag.CodeRegexFlag, "regex flag %q without the modifier \"re\"", c.flags)
		return false
	case c.all && len(it.Raw) < 2:
		a.errorf(pos, diag.CodeAllRequiresMoreThanOneValue, "modifier all requires more than one value")
		return false
	case c.operator == "exists" && len(it.Raw) != 1:
		a.errorf(pos, diag.CodeExpectedABoolean, "modifier exists expected a boolean, not %d values", len(it.Raw))
		return false
	}
	return true
}
