package modifier

import (
	"maps"
	"slices"
)

// family groups modifiers that exclude each other or are combined by the same rules (section 8.1).
type family uint8

const (
	familyOperator family = iota
	familyCompare         // the operators gt, gte, lt and lte
	familyTimePart
	familyReference
	familyEncoding
	familyPlaceholder
	familyFlag
	familyLinking
)

// definition is one modifier.
type definition struct {
	name    string
	family  family
	keyword bool // allowed on a keyword item
}

// registry holds every modifier under its main name.
var registry = []definition{
	{"contains", familyOperator, true},
	{"startswith", familyOperator, true},
	{"endswith", familyOperator, true},
	{"re", familyOperator, true},
	{"cidr", familyOperator, false},
	{"exists", familyOperator, false},
	{"gt", familyCompare, false},
	{"gte", familyCompare, false},
	{"lt", familyCompare, false},
	{"lte", familyCompare, false},
	{"minute", familyTimePart, false},
	{"hour", familyTimePart, false},
	{"day", familyTimePart, false},
	{"week", familyTimePart, false},
	{"month", familyTimePart, false},
	{"year", familyTimePart, false},
	{"fieldref", familyReference, false},
	{"base64", familyEncoding, true},
	{"base64offset", familyEncoding, true},
	{"wide", familyEncoding, true},
	{"utf16", familyEncoding, true},
	{"utf16be", familyEncoding, true},
	{"windash", familyEncoding, true},
	{"expand", familyPlaceholder, true},
	{"i", familyFlag, true},
	{"m", familyFlag, true},
	{"s", familyFlag, true},
	{"all", familyLinking, true},
	{"neq", familyLinking, true},
	{"cased", familyLinking, true},
}

// aliases maps other names to main names.
var aliases = map[string]string{
	"utf16le":    "wide",
	"ignorecase": "i",
	"multiline":  "m",
	"dotall":     "s",
}

// byName finds definitions by every name they have.
var byName = func() map[string]*definition {
	m := make(map[string]*definition)
	for i := range registry {
		m[registry[i].name] = &registry[i]
	}
	for alias, name := range aliases {
		m[alias] = m[name]
	}
	return m
}()

// Names returns the main names of all modifiers in the order of the reference documentation. The slice is the caller's own.
func Names() []string {
	names := make([]string, len(registry))
	for i := range registry {
		names[i] = registry[i].name
	}
	return names
}

// allNames returns main names and aliases, sorted.
func allNames() []string { return slices.Sorted(maps.Keys(byName)) }

// Canonical returns the main name of a modifier, and false if there is none of that name.
func Canonical(name string) (string, bool) {
	d, ok := byName[name]
	if !ok {
		return "", false
	}
	return d.name, true
}
