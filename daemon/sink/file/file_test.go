package file

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func open(t *testing.T, path string) *Sink {
	t.Helper()
	s, err := Open(path, Results)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func deliver(t *testing.T, s *Sink, texts ...string) {
	t.Helper()
	var lines [][]byte
	for _, l := range texts {
		lines = append(lines, []byte(l))
	}
	if n, err := s.Deliver(t.Context(), lines); n != len(lines) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Sink(t, func(t *testing.T) flowtest.Target {
		path := filepath.Join(t.TempDir(), "out")
		return flowtest.Target{Sink: open(t, path), Lines: func() []string { return strings.Fields(text(t, path)) }}
	})
}

func TestAFileIsCreatedForItsGroupAndAppendedTo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	for _, line := range []string{"a", "b"} {
		s := open(t, path)
		deliver(t, s, line)
		s.Close()
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got := text(t, path); got != "a\nb\n" {
		t.Errorf("%q", got)
	}
}

func TestWhatCannotBeOpenedIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "missing", "out"), Results); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := Open(dir, Results); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	if _, err := Open(pipe, Results); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("a pipe that nobody reads: %v", err)
	}
}

func TestALineThatACrashHasTornIsEnded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("a\nto"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	deliver(t, s, "b")
	deliver(t, s, "c")
	if got := text(t, path); got != "a\nto\nb\nc\n" {
		t.Errorf("%q", got)
	}
}

func TestARenamedOrRemovedFileIsReplacedAtTheNextWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	deliver(t, s, "a")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, "b")
	os.Remove(path)
	deliver(t, s, "c")
	if old, got := text(t, path+".1"), text(t, path); old != "a\n" || got != "c\n" {
		t.Errorf("%q and %q", old, got)
	}
}

func TestReopenDuringADeliveryIsLeftToTheNextOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	before := s.f
	s.mu.Lock() // a delivery is under way
	if err := s.Reopen(); err != nil || s.f != before {
		t.Errorf("reopen: %v", err)
	}
	s.mu.Unlock()
	deliver(t, s, "a")
	if s.f == before {
		t.Error("the file was not opened anew")
	}
	before = s.f
	if err := s.Reopen(); err != nil || s.f == before {
		t.Errorf("reopen of an idle sink: %v", err)
	}
	deliver(t, s, "b")
	if got := text(t, path); got != "a\nb\n" {
		t.Errorf("%q", got)
	}
}

func TestAPathThatCannotBeOpenedAgainIsRetried(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	os.Mkdir(dir, 0o700)
	s := open(t, filepath.Join(dir, "out"))
	os.RemoveAll(dir)
	if n, err := s.Deliver(t.Context(), [][]byte{[]byte("a")}); n != 0 || err == nil || flow.IsPermanent(err) {
		t.Errorf("%d, %v", n, err)
	}
	os.Mkdir(dir, 0o700)
	deliver(t, s, "a")
	if got := text(t, filepath.Join(dir, "out")); got != "a\n" {
		t.Errorf("%q", got)
	}
}

// TestAFullDiskLeavesNoTornLine lets the system cut writes short by a limit on the size of files. It must not run in parallel.
func TestAFullDiskLeavesNoTornLine(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip("no limits here:", err)
	}
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	deliver(t, s, "aa")
	// Another program appends to the file; what it wrote must stay.
	if err := os.WriteFile(path, []byte("aa\nother\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := limit
	full.Cur = 9 + 3 + 2
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Skip("the limit cannot be set:", err)
	}
	lines := [][]byte{[]byte("bb"), []byte("cc"), []byte("dd")}
	n, err := s.Deliver(t.Context(), lines)
	again, errAgain := s.Deliver(t.Context(), lines[1:])
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if n != 1 || err == nil || flow.IsPermanent(err) || again != 0 || errAgain == nil {
		t.Errorf("%d lines, %v; then %d, %v; want 1, then 0", n, err, again, errAgain)
	}
	if got := text(t, path); got != "aa\nother\nbb\n" {
		t.Errorf("after the failure: %q", got)
	}
	deliver(t, s, "cc", "dd")
	if got := text(t, path); got != "aa\nother\nbb\ncc\ndd\n" {
		t.Errorf("after the retry: %q", got)
	}
}

func TestAPipeIsWrittenTo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := open(t, path)
	deliver(t, s, "a", "b")
	b := make([]byte, 10)
	if n, err := r.Read(b); string(b[:n]) != "a\nb\n" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func TestAClosedSinkIsPermanent(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "out"))
	s.Close()
	if n, err := s.Deliver(t.Context(), [][]byte{[]byte("a")}); n != 0 || !flow.IsPermanent(err) {
		t.Errorf("%d, %v", n, err)
	}
}
