package decode

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus returns the directory of the shared test corpus, which lies beside the module, and skips the test if there is none.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	dir = filepath.Join(dir, "..", "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("no corpus:", err)
	}
	return dir
}

// readTar returns the files of a compressed archive by name.
func readTar(tb testing.TB, path string) map[string][]byte {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Skip(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	files := map[string][]byte{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			tb.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(tr); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestJSONAgreesWithTwinOnNastyFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(corpus(t), "formats", "nasty", "*"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	tw := newTwin(append(fuzzFields, "deep", "big", "sentinel", "Channel", "k5000"))
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".gz") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			tw.check(t, line)
			lines++
		}
	}
	if lines < 3000 {
		t.Errorf("only %d lines checked", lines)
	}
}

func TestJSONAgreesWithTwinOnTelemetry(t *testing.T) {
	t.Parallel()
	tw := newTwin(append(fuzzFields, "userIdentity.arn", "requestParameters.bucketName", "resources.type", "tags", "Hashes", "id.orig_h", "ts"))
	for _, name := range []string{"windows.ndjson.gz", "cloud.ndjson.gz", "zeek.ndjson.gz", "linux.ndjson.gz"} {
		for _, line := range readLines(t, name, 300) {
			tw.check(t, line)
		}
	}
}
