package pipeline

import "testing"

func TestPipelinesSeeKeywordsAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, detection, items, want string }{
		{"without an item for them keywords are searched for", "k: [foo, 'b*r', '*x', '', 5]\ncondition: k",
			"- {type: case, method: lower, field_name_conditions: [{type: include_fields, fields: [A]}]}",
			"k: <keywords>: '*foo*' | '*b*r*' | '*x*' | '*' | '*5*'\n= k"},
		{"a mapping key hits the written text", "k: [foo, 'b*']\ncondition: k",
			"- {type: map_string, mapping: {foo: [f1, '*f2'], 'b*': c}}", "k: <keywords>: '*f1*' | '*f2*' | '*c*'\n= k"},
		{"a value that is set is searched for", "k: [foo]\ncondition: k", "- {type: set_value, value: new}", "k: <keywords>: '*new*'\n= k"},
		{"replacement is anchored at the written text", "k: [foo]\ncondition: k",
			"- {type: replace_string, regex: '^f(.*)o$', replacement: 'g\\1'}", "k: <keywords>: '*go*'\n= k"},
		{"only written stars are wildcards", "k: [foo]\nl: ['f*o']\ncondition: k or l",
			"- {type: drop_detection_item, detection_item_conditions: [{type: contains_wildcard, cond: any}]}", "k: <keywords>: '*foo*'\n= k"},
		{"patterns match at the start of the written text", "k: [foo]\nl: [bar]\ncondition: k or l",
			"- {type: drop_detection_item, detection_item_conditions: [{type: match_string, pattern: b, cond: any}]}", "k: <keywords>: '*foo*'\n= k"},
		{"an operator that is written stays", "k: {'|startswith': foo, '|contains': bar}\ncondition: k",
			"- {type: map_string, mapping: {'foo*': 'x*', '*bar*': '*y*'}}", "k: <keywords>: 'x*' and <keywords>: '*y*'\n= k"},
		{"a field that keywords move to is searched", "k: [foo]\ncondition: k",
			"- {type: field_name_mapping, mapping: {null: [a, b]}}", "k: (a: '*foo*' or b: '*foo*')\n= k"},
		{"hashes that become keywords are searched for", "k: {Hashes|endswith: MD5=AA}\ncondition: k",
			"- {type: hashes_fields, valid_hash_algos: [MD5], field_prefix: keyword, drop_algo_prefix: true}", "k: (<keywords>: '*AA*')\n= k"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, tt.detection, tt.items, tt.want)
		})
	}
}

func TestTextUnderWindashIsNoStringToPipelines(t *testing.T) {
	t.Parallel()
	const rule, left = "s: {A|windash|contains: ' -e', B: x}\ncondition: s", "s: A: '* -e*' and B: "
	tests := []struct{ name, items, want string }{
		{"case", "- {type: case, method: upper}", left + "'X'\n= s"},
		{"map_string", "- {type: map_string, mapping: {'* -e*': y, x: y}}", left + "'y'\n= s"},
		{"replace_string", "- {type: replace_string, regex: '[ex]', replacement: y}", left + "'y'\n= s"},
		{"extract_fields", "- {type: extract_fields, regex: '(?P<f>.+)'}", left[:len(left)-len("B: ")] + "(f: 'x')\n= s"},
		{"contains_wildcard", "- {type: drop_detection_item, detection_item_conditions: [{type: contains_wildcard, cond: any}]}", left + "'x'\n= s"},
		{"match_string", "- {type: drop_detection_item, detection_item_conditions: [{type: match_string, pattern: '.*e', cond: any}]}", left + "'x'\n= s"},
		{"match_string negated", "- {type: drop_detection_item, detection_item_conditions: [{type: match_string, pattern: '.*e', cond: any, negate: true}]," +
			" field_name_conditions: [{type: include_fields, fields: [A]}]}", "s: B: 'x'\n= s"},
		{"match_value", "- {type: drop_detection_item, detection_item_conditions: [{type: match_value, value: '* -e*', cond: any}]}", left + "'x'\n= s"},
		{"contains_detection_item", "- {type: rule_failure, message: m, rule_conditions: [{type: contains_detection_item, field: A, value: '* -e*'}]}", left + "'x'\n= s"},
		{"set_value takes the place of every kind", "- {type: set_value, value: y}", "s: A: 'y' and B: 'y'\n= s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, rule, tt.items, tt.want)
		})
	}
}

func TestReplacementCountsEmptyMatchesAsPythonDoes(t *testing.T) {
	t.Parallel()
	// The results are those of re.sub of Python 3.11.
	tests := []struct{ regex, replacement, text, want string }{
		{"x*", "-", "axb", "-a--b-"},
		{"(.*)", `<\1>`, "foo", "<foo><>"},
		{".*", "-", "é", "--"},
		{"$", "!", "foo", "foo!"},
		{"^x*", "-", "xx", "-"},
		{`o*\b`, "-", "foo", "-f--"},
		{"o+", "-", "foo", "f-"},
		{"(?i)O*$", "-", "foo", "f--"},
	}
	for _, tt := range tests {
		t.Run(tt.regex+" in "+tt.text, func(t *testing.T) {
			t.Parallel()
			checkRule(t, "s: {A: "+tt.text+"}\ncondition: s",
				"- {type: replace_string, regex: '"+tt.regex+"', replacement: '"+tt.replacement+"'}", "s: A: '"+tt.want+"'\n= s")
		})
	}
}

func TestAMatchWithoutTextIsNotKeptAsUnmatched(t *testing.T) {
	t.Parallel()
	checkRule(t, "s: {D: ['a:5', 'a:', nope]}\ncondition: s",
		"- {type: extract_fields, regex: 'a:(?P<v>.*)', preserve_unmatched: true}", "s: ((v: 5) or D: 'nope')\n= s")
}
