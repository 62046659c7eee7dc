package pipeline

import "testing"

func TestFieldRenamingOfDetectionItems(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, detection, items, want string }{
		{"one name replaces the field and nothing else", "sel: {A|contains|all: [x, y], B: 1}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: X}}", "sel: X: '*x*' & '*y*' and B: 1\n= sel"},
		{"several names make a group of copies", "sel: {A|contains|all: [x, y], B: 1}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: [X, Z]}}", "sel: (X: '*x*' & '*y*' or Z: '*x*' & '*y*') and B: 1\n= sel"},
		{"a list of one is one name", "sel: {A: v}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: [X]}}", "sel: X: 'v'\n= sel"},
		{"copies that a missing field satisfies are joined by and", "sel: {A: [v, null]}\nf: {B|exists: false}\ncondition: sel and f",
			"- {type: field_name_mapping, mapping: {A: [X, Y], B: [V, W]}}",
			"sel: (X: 'v' | null and Y: 'v' | null)\nf: (V: exists=false and W: exists=false)\n= sel and f"},
		{"negated copies are joined the other way round", "sel: {A|neq: v, B|neq: null}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: [X, Y], B: [V, W]}}",
			"sel: (!X: 'v' and !Y: 'v') and (!V: null or !W: null)\n= sel"},
		{"references are mapped independently of the field", "sel: {A|fieldref: B}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: X, B: [Y, Z]}}", "sel: X: @Y | @Z\n= sel"},
		{"a gate may accept the reference alone", "sel: {A|fieldref: B}\ncondition: sel",
			"- type: field_name_mapping\n  mapping: {A: X, B: Y}\n  field_name_conditions: [{type: include_fields, fields: [B]}]", "sel: A: @Y\n= sel"},
		{"keywords get stars with the null key", "kw: [foo, 'b*r']\ncondition: kw",
			"- {type: field_name_mapping, mapping: {null: message}}", "kw: message: '*foo*' | '*b*r*'\n= kw"},
		{"the tilde is a null key as well", "kw: ['|all', x]\ncondition: kw",
			"- type: field_name_mapping\n  mapping:\n    ~: [m, n]", "kw: (m: '*|all*' | '*x*' or n: '*|all*' | '*x*')\n= kw"},
		{"a quoted null is a name", "kw: [foo]\nsel: {'null': v}\ncondition: kw or sel",
			"- {type: field_name_mapping, mapping: {'null': X}}", "kw: <keywords>: '*foo*'\nsel: X: 'v'\n= kw or sel"},
		{"names are compared with case", "sel: {Abc: v}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {abc: X}}", "sel: Abc: 'v'\n= sel"},
		{"an item looks up once", "sel: {A: 1, B: 2}\ncondition: sel",
			"- {type: field_name_mapping, mapping: {A: B, B: A}}", "sel: B: 1 and A: 2\n= sel"},
		{"the first prefix in order wins", "sel: {data.proto.n: 1, data.r: 2}\ncondition: sel",
			"- type: field_name_prefix_mapping\n  mapping:\n    data.proto.: p.\n    data.: ''", "sel: p.n: 1 and r: 2\n= sel"},
		{"a prefix may become several", "sel: {w.x: 1}\ncondition: sel",
			"- {type: field_name_prefix_mapping, mapping: {w.: [a., b.]}}", "sel: (a.x: 1 or b.x: 1)\n= sel"},
		{"prefixes and suffixes are put without a look", "sel: {p.A.s: 1}\nkw: [x]\ncondition: sel or kw",
			"- {type: field_name_prefix, prefix: p.}\n- {type: field_name_suffix, suffix: .s}", "sel: p.p.A.s.s: 1\nkw: <keywords>: '*x*'\n= sel or kw"},
		{"snake case splits before capitals", "sel: {ProcessId: 1, SourceIP: 2, EventID: 3}\ncondition: sel",
			"- {type: field_name_transform, transform_func: snake_case, mapping: {EventID: event.id}}",
			"sel: process_id: 1 and source_i_p: 2 and event.id: 3\n= sel"},
		{"title case joins parts", "sel: {process-file name: 1}\ncondition: sel",
			"- {type: field_name_transform, transform_func: title}", "sel: Process_File_Name: 1\n= sel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, tt.detection, tt.items, tt.want)
		})
	}
}
