package main

import "regexp"

// explanations name the decision behind a difference by the construct in the rule that it is about.
var explanations = []struct {
	mark    string
	pattern *regexp.Regexp
}{
	{"L03 anchoring with inner wildcards", regexp.MustCompile(`(starts|ends)with[^\n]*:(\s*\n?\s*-?\s*'[^'\n]*)[*?]`)},
	{"L06 all over keywords", regexp.MustCompile(`'\|all'`)},
	{"L07 numbers as keywords", regexp.MustCompile(`keywords?[a-z_0-9]*:\s*\n(\s+-[^\n]*\n)*\s+- \d+\s`)},
	{"L12 base64offset", regexp.MustCompile(`base64offset`)},
	{"L14 windash", regexp.MustCompile(`windash`)},
	{"L05 selector that picks nothing", regexp.MustCompile(`all of `)},
	{"L10 exists and null", regexp.MustCompile(`\|exists`)},
	{"L09 null in a value list", regexp.MustCompile(`- null`)},
	{"L02 wildcards across line breaks", regexp.MustCompile(`[^\\]\*`)},
}

func explain(rule string) string {
	for _, e := range explanations {
		if e.pattern.MatchString(rule) {
			return "[" + e.mark + "?]"
		}
	}
	return ""
}
