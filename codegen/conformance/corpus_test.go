package conformance

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// corpusFloor are the least numbers that a full run over the corpus must reach; a short run a tenth of them.
const (
	corpusRules  = 3_139 // of 3,141; two hold placeholders that a pipeline must fill
	corpusEvents = 215_000
	corpusHits   = 200_000
)

// corpusStreams are the event files that the engines are compared on.
var corpusStreams = []string{
	"windows-sample.ndjson.gz", "lanes/*.ndjson.gz", "linux.ndjson.gz", "cloud.ndjson.gz", "zeek.ndjson.gz",
}

// corpusDir returns the directory of the corpus, which lies beside the repository, and skips the test if it is not there.
func corpusDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	return dir
}

// corpusSources returns the core rules of SigmaHQ.
func corpusSources(t *testing.T, dir string) []compiler.Source {
	t.Helper()
	var out []compiler.Source
	zr := openGzip(t, filepath.Join(dir, "sigmahq-rules.tar.gz"))
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.Name, "rules/") || !strings.HasSuffix(h.Name, ".yml") {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, compiler.Source{Name: h.Name, Data: data})
	}
}

func openGzip(t *testing.T, p string) io.Reader {
	t.Helper()
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	zr, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return zr
}

// sampling returns which events a test looks at: every tenth where the oracle, which asks every rule about every event, would
// take minutes, unless RSIGMA_CORPUS is "full" as in make soak.
func sampling(slow bool) (step int) {
	if os.Getenv("RSIGMA_CORPUS") != "full" && (slow || testing.Short()) {
		return 10
	}
	return 1
}

// eachEvent calls f for every step-th line of all streams of the corpus and returns how often it did.
func eachEvent(t *testing.T, dir string, step int, f func(stream, line string)) int {
	t.Helper()
	total := 0
	for _, pattern := range corpusStreams {
		paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no stream %s (%v)", pattern, err)
		}
		for _, p := range paths {
			r := bufio.NewReaderSize(openGzip(t, p), 1<<20)
			for n := 0; ; n++ {
				line, err := r.ReadString('\n')
				if line = strings.TrimSuffix(line, "\n"); line != "" && n%step == 0 {
					f(filepath.Base(p), line)
					total++
				}
				if err != nil {
					break
				}
			}
		}
	}
	return total
}

// corpusRun compares the sessions on all events of the corpus and checks the floors.
func corpusRun(t *testing.T, dir string, step int, sessions []Session) {
	t.Helper()
	hits := map[string]int{}
	total := 0
	events := eachEvent(t, dir, step, func(stream, line string) {
		n := agree(t, sessions, &driver.Job{Event: line})
		hits[stream] += n
		total += n
	})
	t.Logf("%d events, %d matches: %v", events, total, hits)
	if events < corpusEvents/step || total < corpusHits/step {
		t.Errorf("%d events and %d matches; the floor is %d and %d",
			events, total, corpusEvents/step, corpusHits/step)
	}
}

// TestEnginesAgreeOnTheCorpus compares index, full scan and unoptimised rules on real rules and events.
func TestEnginesAgreeOnTheCorpus(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	sources := corpusSources(t, dir)
	sessions, prog := openAll(t, sources)
	t.Logf("%d rule files; %d documents armed, %d skipped, %d failed",
		len(sources), prog.Count(ir.Armed), prog.Count(ir.Skipped), prog.Count(ir.Failed))
	if len(sources) != 3_141 || len(prog.Rules) < corpusRules {
		t.Errorf("%d rule files, %d rules; the floor is 3141 and %d", len(sources), len(prog.Rules), corpusRules)
	}
	for _, d := range prog.Documents {
		if d.Status != ir.Armed {
			t.Logf("%s: %s: %s", d.Pos, d.Status, d.Reason)
		}
	}
	corpusRun(t, dir, sampling(true), sessions)
}

// TestGeneratedCodeAgreesOnTheCorpus builds the generated code of the real rules and compares it with the interpreter.
func TestGeneratedCodeAgreesOnTheCorpus(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds thousands of rules")
	}
	dir := corpusDir(t)
	prog, _ := compiler.Compile(corpusSources(t, dir), compiler.Options{})
	var sessions []Session
	for _, e := range []Engine{NewInterpreted(), NewCompiled()} {
		s, err := e.Open(context.Background(), []*ir.Program{prog})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		sessions = append(sessions, s)
	}
	t.Logf("%d rules generated and built", len(prog.Rules))
	corpusRun(t, dir, sampling(false), sessions)
}
