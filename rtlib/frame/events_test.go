package frame

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// events returns the events of s; a line over the limit shows as "!".
func events(t *testing.T, s string) []string {
	t.Helper()
	var out []string
	err := Events(strings.NewReader(s), Handler{
		Event: func(data []byte, _ int64) { out = append(out, string(data)) },
		Bad:   func(int64, error) { out = append(out, "!") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func TestFilesAreCutByWhatTheirFirstLineIs(t *testing.T) {
	t.Parallel()
	const bom = "\xEF\xBB\xBF"
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                        {"", nil},
		"blank lines":                    {"\n \r\n", nil},
		"lines":                          {"{}\r\n\n{\"a\":1}", []string{"{}", `{"a":1}`}},
		"lines that are no JSON":         {"x\n{}\n", []string{"x", "{}"}},
		"an array on the first line":     {"[1,\n2]", []string{"1", "2"}},
		"a complete array on one line":   {"[1,2]\n{}\n", []string{"[1,2]", "{}"}},
		"pretty-printed documents":       {bom + "{\n\"a\":\n1}\n{}", []string{"{\n\"a\":\n1}", "{}"}},
		"documents without a separator":  {"{}{}", []string{"{}", "{}"}},
		"a document that breaks off":     {"{\n{}\n", []string{"{", "{}"}},
		"compressed lines":               {zipped("{}\n{}\n"), []string{"{}", "{}"}},
		"compressed documents":           {zipped("{\n}"), []string{"{\n}"}},
		"a line over the limit in lines": {"{}\n" + strings.Repeat("x", MaxLine+1) + "\n{}", []string{"{}", "!", "{}"}},
	} {
		if diff := cmp.Diff(c.want, events(t, c.in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestErrorsOfTheReaderEndTheInput(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	h := Handler{Event: func([]byte, int64) {}, Bad: func(int64, error) {}}
	for name, in := range map[string]string{"lines": "{}\n{}\n", "documents": "{\n}\n", "nothing": ""} {
		r := iotest.TimeoutReader(strings.NewReader(in))
		if name == "nothing" {
			r = iotest.ErrReader(broken)
		}
		if err := Events(iotest.OneByteReader(r), h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Events(strings.NewReader("\x1f\x8bxx"), h); err == nil {
		t.Error("no error for broken gzip")
	}
}
