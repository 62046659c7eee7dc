package codegen

import (
	"strings"
	"testing"
)

func TestTheLockHasOneLinePerRuleSortedByID(t *testing.T) {
	t.Parallel()
	const header = "logsource: {product: x}\ndetection: {s: {A: x}, condition: s}\n"
	p := ruleSet(t, "rules/a.yml", "title: b\nid: 6e1f4d6c-1111-4222-8333-4444555566bb\n"+header+
		"---\ntitle: a\nid: 6e1f4d6c-1111-4222-8333-4444555566aa\n"+header+
		"---\ntitle: none\n"+header+"---\ntitle: bad\nid: 'not # an id'\n"+header)
	files, err := GenerateLocked(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(content(files)[lockName], "\n")
	if len(lines) != 8 || lines[2] != "# ruleset "+p.Digest() || lines[7] != "" {
		t.Fatalf("got\n%s", content(files)[lockName])
	}
	for i, want := range []string{
		"- " + p.Rules[2].Meta.Digest + " rules/a.yml#3",
		"6e1f4d6c-1111-4222-8333-4444555566aa " + p.Rules[1].Meta.Digest + " rules/a.yml#2",
		"6e1f4d6c-1111-4222-8333-4444555566bb " + p.Rules[0].Meta.Digest + " rules/a.yml",
		`not\x20#\x20an\x20id ` + p.Rules[3].Meta.Digest + " rules/a.yml#4",
	} {
		if lines[3+i] != want {
			t.Errorf("line %d is %q, want %q", i+4, lines[3+i], want)
		}
	}
	manifest, err := ReadManifest([]byte(content(files)[manifestName]))
	if err != nil || len(manifest.Documents) != 4 || manifest.RuleSet != p.Digest() {
		t.Errorf("manifest %+v, %v", manifest, err)
	}
	for _, text := range []string{"", "[]", "{}", `{"format":1}`} {
		if _, err := ReadManifest([]byte(text)); err == nil {
			t.Errorf("%q passes as a manifest", text)
		}
	}
}
