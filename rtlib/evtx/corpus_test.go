package evtx_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/rtlib/evtx"
)

// corpusDir returns the directory of the corpus, which lies beside the repository, and skips the test if it is not there.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	return dir
}

// published returns the published events of the regression cases, per rule identifier.
func published(t *testing.T, dir string) map[string][]any {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "regression", "cases.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][]any{}
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var c struct {
				RuleID string          `json:"rule_id"`
				Event  json.RawMessage `json:"event"`
			}
			if err := json.Unmarshal(line, &c); err != nil {
				t.Fatal(err)
			}
			out[c.RuleID] = append(out[c.RuleID], decoded(t, c.Event))
		}
		if err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// decoded returns a JSON value with its numbers as they are written.
func decoded(t testing.TB, text []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// asInFile puts right the published event of a case that does not come from its file: letter case and time differ. All others
// are left as they are.
func asInFile(id string, events []any) {
	if id != "ad691d92-15f2-4181-9aa4-723c74f9ddc3" {
		return
	}
	event := events[0].(map[string]any)["Event"].(map[string]any)
	event["EventData"].(map[string]any)["ParentCommandLine"] = `C:\Windows\Explorer.EXE`
	event["System"].(map[string]any)["TimeCreated"] = map[string]any{
		"#attributes": map[string]any{"SystemTime": "2026-03-20T08:31:26.751156Z"},
	}
}

func TestRecordsEqualThePublishedEvents(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	want := published(t, dir)
	f, err := os.Open(filepath.Join(dir, "regression", "evtx.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files, records := 0, 0
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		id, ok := strings.CutSuffix(filepath.Base(h.Name), ".evtx")
		if !ok {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		for r, err := range evtx.Records(bytes.NewReader(data)) {
			if err != nil {
				t.Errorf("%s: %v", h.Name, err)
				continue
			}
			got = append(got, decoded(t, r.JSON))
		}
		asInFile(id, want[id])
		if diff := cmp.Diff(want[id], got); diff != "" {
			t.Errorf("%s (-published +read):\n%s", h.Name, diff)
		}
		files, records = files+1, records+len(got)
	}
	t.Logf("%d files, %d records", files, records)
	if files < 121 || records < 147 {
		t.Errorf("%d files and %d records; the floor is 121 and 147", files, records)
	}
}

// logFile is what the manifest of the corpus says of a log.
type logFile struct {
	File          string    `json:"file"`
	What          string    `json:"what"` // of damage
	Records       int       `json:"records"`
	First         uint64    `json:"first_record"`
	Last          uint64    `json:"last_record"`
	FirstWritten  time.Time `json:"first_written"`
	LastWritten   time.Time `json:"last_written"`
	ChunksBadCRC  int       `json:"chunks_bad_crc"`
	HeaderCRCIsOK bool      `json:"header_crc_ok"`
}

func manifest(t testing.TB, dir string) []logFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "evtx", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Index []logFile }
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m.Index
}

func TestLogsHoldTheRecordsOfTheManifest(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	files, records := 0, 0
	for _, want := range manifest(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, "evtx", want.File))
		if err != nil {
			t.Fatal(err)
		}
		var got []evtx.Record
		var damage []error
		for r, err := range evtx.Records(bytes.NewReader(data)) {
			if err != nil {
				damage = append(damage, err)
				continue
			}
			if !json.Valid(r.JSON) {
				t.Errorf("%s: record %d is no JSON: %s", want.File, r.ID, r.JSON)
			}
			got = append(got, r)
		}
		files, records = files+1, records+len(got)
		switch {
		case want.What != "":
			t.Logf("%s (%s): %d records, %v", want.File, want.What, len(got), damage)
			if len(damage) == 0 {
				t.Errorf("%s: no error, but %s", want.File, want.What)
			}
			continue
		case want.ChunksBadCRC == 0 && len(damage) > 0:
			t.Errorf("%s: %v", want.File, damage)
		case want.ChunksBadCRC > 0:
			t.Logf("%s: %d records, %v", want.File, len(got), damage)
		}
		if len(got) != want.Records || got[0].ID != want.First || got[len(got)-1].ID != want.Last {
			t.Errorf("%s: %d records, %d to %d; want %d, %d to %d", want.File,
				len(got), got[0].ID, got[len(got)-1].ID, want.Records, want.First, want.Last)
			continue
		}
		earlier := func(a, b evtx.Record) int { return a.Written.Compare(b.Written) }
		if a, b := slices.MinFunc(got, earlier).Written, slices.MaxFunc(got, earlier).Written; !a.Truncate(time.Microsecond).Equal(want.FirstWritten) ||
			!b.Truncate(time.Microsecond).Equal(want.LastWritten) {
			t.Errorf("%s: written from %v to %v; want %v to %v", want.File, a, b, want.FirstWritten, want.LastWritten)
		}
	}
	t.Logf("%d files, %d records", files, records)
	if files < 28 || records < 5_500 {
		t.Errorf("%d files and %d records; the floor is 28 and 5500", files, records)
	}
}

func BenchmarkRecords(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(corpusDir(b), "evtx", "22-System.evtx"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range evtx.Records(bytes.NewReader(data)) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 5009 {
			b.Fatalf("%d records", n)
		}
	}
}
