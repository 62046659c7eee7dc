package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestDiagnosticsPrintOnOneLine(t *testing.T) {
	t.Parallel()
	d := Diagnostic{
		Pos:      Pos{File: "rules/x.yml", Line: 12, Col: 9},
		Severity: SeverityError,
		Code:     CodeUnknownModifier,
		Msg:      `unknown modifier "contians"`,
		Hint:     `did you mean "contains"?`,
	}
	want := `rules/x.yml:12:9: error: unknown modifier "contians" (did you mean "contains"?) [unknown-modifier]`
	if got := d.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPositionsLeaveOutWhatIsUnknown(t *testing.T) {
	t.Parallel()
	for want, pos := range map[string]Pos{
		"-":       {},
		"a.yml":   {File: "a.yml"},
		"3:4":     {Line: 3, Col: 4},
		"a:3:4":   {File: "a", Line: 3, Col: 4, Doc: 2},
		"b.yml:1": {File: "b.yml:1"},
	} {
		if got := pos.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestListCountsAndSorts(t *testing.T) {
	t.Parallel()
	var l List
	l.Warnf(Pos{File: "b", Line: 1, Col: 1}, CodeInvalidID, "invalid id")
	l.Errorf(Pos{File: "a", Line: 2, Col: 1}, CodeMissingTitle, "missing title").RuleID = "x"
	l.Errorf(Pos{File: "a", Line: 1, Col: 7}, CodeDuplicateKey, "duplicate key %q", "k")
	if l.Errors() != 2 || l.Len() != 3 || len(l.Since(1)) != 2 || l.All()[1].RuleID != "x" {
		t.Fatalf("errors %d, len %d, all %v", l.Errors(), l.Len(), l.All())
	}
	var got []string
	for _, d := range l.Sorted() {
		got = append(got, d.Pos.String())
	}
	if want := "a:1:7 a:2:1 b:1:1"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestTextOutputIndentsNotesAndEscapesWhatATerminalObeys(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	err := WriteText(&buf, []Diagnostic{{
		Pos:      Pos{File: "evil\x1b[2J.yml", Line: 1, Col: 2},
		Severity: SeverityWarning,
		Code:     CodeInvalidTag,
		Msg:      "invalid tag \"\u202egpj\u2066.\r\nnext\" C:\\x",
		Hint:     "\u009b31m\xff",
		Notes:    []string{"tab\there", "été 😀"},
	}}, false)
	want := `evil\x1b[2J.yml:1:2: warning: invalid tag "\u202egpj\u2066.\r\nnext" C:\x (\u009b31m\xff) [invalid-tag]` +
		"\n    tab\\there\n    été 😀\n"
	if err != nil || buf.String() != want {
		t.Errorf("error %v\ngot  %swant %s", err, buf.String(), want)
	}
}

func TestTextOutputColoursOnlyTheSeverity(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	ds := []Diagnostic{
		{Severity: SeverityError, Code: CodeInvalidYAML, Msg: "m"},
		{Severity: SeverityWarning, Code: CodeInvalidID, Msg: "m"},
	}
	if err := WriteText(&buf, ds, true); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(buf.String(), "\n")
	if !strings.Contains(lines[0], "\x1b[31;1merror\x1b[") || !strings.HasSuffix(lines[0], ": m [invalid-yaml]") {
		t.Errorf("error line %q", lines[0])
	}
	if !strings.Contains(lines[1], "\x1b[33;1mwarning\x1b[") {
		t.Errorf("warning line %q", lines[1])
	}
}

func TestJSONOutputKeepsEveryKeyAndTheText(t *testing.T) {
	t.Parallel()
	msg := "a\u202eb\u009b<\x7f\U000e0001 é"
	var buf bytes.Buffer
	err := WriteJSON(&buf, []Diagnostic{
		{Pos: Pos{File: "f.yml", Line: 3, Col: 4, Doc: 1}, Code: CodeInvalidYAML, Msg: msg, Hint: "h", Notes: []string{"n"}, RuleID: "r"},
		{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := buf.String(); !strings.Contains(out, `a\u202eb\u009b<\u007f\udb40\udc01 é`) {
		t.Errorf("not escaped: %s", out)
	}
	var back []map[string]any
	if err := json.Unmarshal(buf.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	for i, obj := range back {
		for _, key := range strings.Fields("file line column document severity code message hint notes rule_id") {
			if v, ok := obj[key]; !ok || v == nil {
				t.Errorf("object %d: %s is %v", i, key, v)
			}
		}
	}
	if back[0]["message"] != msg || back[0]["line"] != 3.0 || back[0]["severity"] != "error" {
		t.Errorf("got %v", back[0])
	}
}

func TestJSONOutputOfNothingIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	if err := WriteJSON(&buf, nil); err != nil || buf.String() != "[]\n" {
		t.Errorf("got %q, %v", buf.String(), err)
	}
}

// brokenPipe fails every write.
type brokenPipe struct{}

var errBrokenPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBrokenPipe }

func TestWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	ds := []Diagnostic{{Msg: "m"}}
	if err := WriteText(brokenPipe{}, ds, false); !errors.Is(err, errBrokenPipe) {
		t.Errorf("text: %v", err)
	}
	if err := WriteJSON(brokenPipe{}, ds); !errors.Is(err, errBrokenPipe) {
		t.Errorf("json: %v", err)
	}
}
