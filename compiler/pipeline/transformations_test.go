package pipeline

import "testing"

func TestTransformationsOfDetectionItems(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, detection, items, want string }{
		{"drop removes items and the detections they leave empty", "sel: {A: 1, B: 2}\nf: {B: 3}\ncondition: sel and not f",
			"- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "sel: A: 1\n= sel"},
		{"drop removes a member of a list", "sel: [{A: 1}, {B: 2}]\ncondition: sel",
			"- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "sel: (A: 1)\n= sel"},
		{"selectors that picked only dropped detections go, too", "s1: {A: 1}\nx1: {B: 2}\nx2: {B: 3}\ncondition: s1 or all of x*",
			"- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "s1: A: 1\n= s1"},
		{"selectors skip dropped detections", "s1: {A: 1}\ns2: {B: 2}\ncondition: all of s* and not (s2 or not s2)",
			"- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "s1: A: 1\n= all of s*"},
		{"a dropped alternative condition leaves the others", "s1: {A: 1}\ns2: {B: 2}\ncondition: [s1, s2]",
			"- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "s1: A: 1\n= s1"},

		{"hashes are split by algorithm", "sel:\n  Hashes|contains: ['MD5=AA,SHA1=BB', 'MD5=CC', 'FOO=DD']\ncondition: sel",
			"- {type: hashes_fields, valid_hash_algos: [md5, SHA1], field_prefix: File}", "sel: (FileMD5: 'AA' | 'CC' or FileSHA1: 'BB')\n= sel"},
		{"all joins hashes by and", "sel:\n  Hashes|contains|all: ['MD5=AA', 'SHA1|BB']\ncondition: sel",
			"- {type: hashes_fields, valid_hash_algos: [MD5, SHA1]}", "sel: (MD5: 'AA' and SHA1: 'BB')\n= sel"},
		{"negated hashes stay negated", "sel:\n  Hashes|contains|neq: ['MD5=AA', 'SHA1=BB']\ncondition: sel",
			"- {type: hashes_fields, valid_hash_algos: [MD5, SHA1]}", "sel: (!MD5: 'AA' and !SHA1: 'BB')\n= sel"},
		{"bare hashes are told by length", "sel: {Hash: 5f1cbc3d99558307bc1250d084fa9685}\ncondition: sel",
			"- {type: hashes_fields, valid_hash_algos: [MD5], field_prefix: h, drop_algo_prefix: true}", "sel: (h: '5f1cbc3d99558307bc1250d084fa9685')\n= sel"},
		{"only listed fields of strings hold hashes", "sel: {Hashes: 5, Other: MD5=AA}\ncondition: sel",
			"- {type: hashes_fields, valid_hash_algos: [MD5]}", "sel: Hashes: 5 and Other: 'MD5=AA'\n= sel"},

		{"named groups become typed fields", "sel: {D: ['a:5', 'b:x', 'c:None', 'd:007']}\ncondition: sel",
			"- {type: extract_fields, regex: '(?P<k>[a-z]):(?P<v>.*)', field_prefix: r}",
			"sel: ((r.k: 'a' and r.v: 5) or (r.k: 'b' and r.v: 'x') or (r.k: 'c' and r.v: null) or (r.k: 'd' and r.v: '007'))\n= sel"},
		{"values that do not match can stay", "sel: {D: ['a:5', nope]}\ncondition: sel",
			"- {type: extract_fields, regex: '(?P<k>[a-z]):', preserve_unmatched: true}", "sel: ((k: 'a') or D: 'nope')\n= sel"},
		{"values that do not match are dropped else", "sel: {D|neq: ['a:5', nope]}\ncondition: sel",
			"- {type: extract_fields, regex: '(?P<k>[a-z]):(?P<v>.)'}", "sel: (!k: 'a' or !v: 5)\n= sel"},
		{"without any match an item stays", "sel: {D: nope}\ncondition: sel",
			"- {type: extract_fields, regex: '(?P<k>[0-9])'}", "sel: D: 'nope'\n= sel"},

		{"added conditions stand before the rule's", "s1: {A: 1}\ns2: {B: 2}\ncondition: s1 or s2",
			"- {type: add_condition, conditions: {C|endswith: x, D: [1, null]}}\n- {type: add_condition, name: given, negated: true, conditions: [{E: a}, {F: b}]}",
			"s1: A: 1\ns2: B: 2\n_cond_1: C: '*x' and D: 1 | null\ngiven: (E: 'a') or (F: 'b')\n= not given and (_cond_1 and (s1 or s2))"},
		{"templates know the log source", "s: {A: 1}\ncondition: s",
			"- {type: add_condition, template: true, conditions: {B: 'x-$category-${product}-$service-$other-$$'}}",
			"s: A: 1\n_cond_1: B: 'x-process_creation-windows-None-$other-$'\n= _cond_1 and (s)"},
		{"field references can be added", "s: {A: 1}\ncondition: s",
			"- {type: add_condition, conditions: {B: 1}, field_refs: {C: D}}", "s: A: 1\n_cond_1: B: 1 and C: @D\n= _cond_1 and (s)"},

		{"replacement sees and makes wildcards", "s: {A|contains: foo, B: 'x*y'}\ncondition: s",
			"- {type: replace_string, regex: '^\\*(.*)\\*$', replacement: '\\1*'}\n- {type: replace_string, regex: 'y', replacement: '\\\\*'}",
			"s: A: 'foo*' and B: 'x*\\*'\n= s"},
		{"replacement of segments leaves wildcards alone", "s: {A: 'a*ab?b'}\ncondition: s",
			"- {type: replace_string, regex: '^a|b$', replacement: '*', skip_special: true}", "s: A: '\\**\\*\\*?\\*'\n= s"},
		{"replacement of segments can make wildcards", "s: {A: 'a.b'}\ncondition: s",
			"- {type: replace_string, regex: '\\.', replacement: '?', skip_special: true, interpret_special: true}", "s: A: 'a?b'\n= s"},
		{"replacement keeps case sensitivity and backslashes", "s: {A|cased: 'C:\\x\\\\*'}\ncondition: s",
			"- {type: replace_string, regex: 'C:', replacement: 'D:'}", "s: A: cased 'D:\\x\\\\*'\n= s"},
		{"a number becomes a string only if something was replaced", "s: {A: 101, B: 22}\ncondition: s",
			"- {type: replace_string, regex: '1', replacement: '3'}", "s: A: '303' and B: 22\n= s"},
		{"replacement knows groups by number and name", "s: {A: bob@corp}\ncondition: s",
			"- {type: replace_string, regex: '(?P<u>\\w+)@(\\w+)', replacement: '\\g<2>\\\\\\g<u>-$1'}", "s: A: 'corp\\bob-$1'\n= s"},

		{"strings are mapped by their plain text", "s: {A|contains: foo, B: [foo, bar], C: 5}\ncondition: s",
			"- {type: map_string, mapping: {foo: ['x*', y], '5': no}}", "s: A: '*foo*' and B: 'x*' | 'y' | 'bar' and C: 5\n= s"},
		{"an item without values never matches", "s:\n  A|contains|all: [foo, bar]\n  B: v\ncondition: s",
			"- {type: map_string, mapping: {'*foo*': [], '*bar*': []}}", "s: A:  and B: 'v'\n= s"},
		{"a value replaces all of any kind", "s: {A|contains|all: [x, y], B|re: z}\ncondition: s",
			"- {type: set_value, value: 'n*'}", "s: A: 'n*' & 'n*' and B: 'n*'\n= s"},
		{"types can be forced", "s: {A: x, B: y}\ncondition: s",
			"- type: set_value\n  value: '10'\n  force_type: num\n  field_name_conditions: [{type: include_fields, fields: [A]}]\n" +
				"- type: set_value\n  value: 10\n  force_type: str\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "s: A: 10 and B: '10'\n= s"},
		{"numbers become text", "s: {A: [1, 2.5, x, null, true]}\ncondition: s",
			"- {type: convert_type, target_type: str}", "s: A: '1' | '2.5' | 'x' | null | true\n= s"},
		{"text becomes numbers", "s: {A: ['1', '2.50', 3], B|re: x}\ncondition: s",
			"- {type: convert_type, target_type: num}", "s: A: 1 | 2.5 | 3 and B: /x/\n= s"},
		{"letters change in literals only", "s: {A|cased: 'aBc*Def', B: ProcessId}\ncondition: s",
			"- type: case\n  method: upper\n  field_name_conditions: [{type: include_fields, fields: [A]}]\n" +
				"- type: case\n  method: snake_case\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "s: A: cased 'ABC*DEF' and B: 'process_id'\n= s"},
		{"the method plain makes strings case-sensitive", "s: {A: x, B: 1}\ncondition: s",
			"- {type: regex}\n- {type: regex, method: plain}", "s: A: cased 'x' and B: 1\n= s"},

		{"nested items share gates, state and ids", "s: {A: 1, B: 2}\ncondition: s",
			"- type: nest\n  id: outer\n  field_name_conditions: [{type: include_fields, fields: [A]}]\n  items:\n" +
				"    - {id: in, type: field_name_prefix, prefix: p.}\n    - {type: set_state, key: k, val: 1}\n" +
				"- type: field_name_suffix\n  suffix: .s\n  rule_conditions: [{type: processing_item_applied, processing_item_id: in}, {type: processing_state, key: k, val: 1}]",
			"s: p.A.s: 1 and B.s: 2\n= s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, tt.detection, tt.items, tt.want)
		})
	}
}

func TestRulesFailUnderPipelines(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, detection, items, want string }{
		{"nothing is left", "s: {A: 1}\ncondition: s", "- {type: drop_detection_item}", "condition is empty after processing"},
		{"no hash is valid", "s: {Hashes: FOO=A}\ncondition: s", "- {type: hashes_fields, valid_hash_algos: [MD5]}", "No valid hash algorithm found in Hashes field"},
		{"a name is taken", "s: {A: 1}\ncondition: s", "- {type: add_condition, name: s, conditions: {B: 1}}", "already defined"},
		{"text is no number", "s: {A: ten}\ncondition: s", "- {type: convert_type, target_type: num}", "can't be converted to number"},
		{"a wildcard is no number", "s: {A|contains: '1'}\ncondition: s", "- {type: convert_type, target_type: num}", "can't be converted to number"},
		{"the message is the user's", "s: {A: 1}\ncondition: s", "- {type: rule_failure, message: 'not 100% here'}", "not 100% here"},
		{"an item fails the rule", "s: {A: 1}\ncondition: s", "- {id: x, type: detection_item_failure, message: no}", "pipeline 'p': transformations[1] (id 'x'): no"},
		{"fields are not mapped", "s: {C: 1, B: 2, A: 3, X: 4}\ncondition: s",
			"- {type: field_name_mapping, mapping: {A: X}}\n- {type: strict_field_mapping_failure}", "The following fields are not mapped: B, C"},
		{"a failure in a nest names the inner item", "s: {A: 1}\ncondition: s",
			"- type: nest\n  items:\n    - {type: rule_failure, message: deep}", "transformations[1].items[1]: deep"},
		{"an attribute cannot be compared", "s: {A: 1}\ncondition: s",
			"- type: set_state\n  key: a\n  val: 1\n  rule_conditions: [{type: rule_attribute, attribute: title, op: gt, value: x}]", "rule attribute 'title'"},
		{"an include was not expanded", "s: {A: 1}\ncondition: s", "- include: ${source.x}", "unresolved source 'x'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkFailure(t, tt.detection, tt.items, tt.want)
		})
	}
}
