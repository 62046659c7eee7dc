package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	tableBegin = "<!-- The table is written by: go test ./compiler/lint -run Documentation -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// TestTheDocumentationListsEveryCheck compares the table in docs/linting.md with the registry.
func TestTheDocumentationListsEveryCheck(t *testing.T) {
	t.Parallel()
	const page = "../../docs/linting.md"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	var b strings.Builder
	b.WriteString(before + tableBegin + "\n| Code | Severity | | What |\n| --- | --- | --- | --- |\n")
	for _, c := range registry {
		var notes []string
		if c.Fixable {
			notes = append(notes, "fix")
		}
		if c.Optional {
			notes = append(notes, "optional")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Code, c.Severity, strings.Join(notes, ", "), strings.ReplaceAll(c.Doc, "|", `\|`))
	}
	b.WriteString("\n" + tableEnd + after)
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(data) {
		t.Errorf("%s is not current: run this test with -update", page)
	}
}
