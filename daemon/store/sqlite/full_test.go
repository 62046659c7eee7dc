package sqlite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// smallDisk mounts a disk of n bytes in memory.
func smallDisk(t *testing.T, n int) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", n)); err != nil {
		t.Skipf("no disk can be mounted here (%v); TestAFullDiskIsWaitedOut does the same with a planted error", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all the room of a disk.
func fill(t *testing.T, dir string) {
	f, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 1<<16); len(page) > 0; page = page[:len(page)/2] {
		for err = nil; err == nil; {
			_, err = f.Write(page)
		}
	}
}

// A small disk gets full while commits and bases are written, twice: nothing that was told to be kept is lost, and commits go on
// when there is room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 6<<20)
	path := filepath.Join(dir, "state.db")
	opt := Options{BallastBytes: 1 << 20}
	s, err := Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(bg); err != nil {
		t.Fatal(err)
	}
	r := seeded(t)
	seq := int64(0)
	commit := func() error {
		err := s.Commit(bg, workGroup(seq+1))
		if err == nil {
			seq++
		}
		return err
	}
	for round := range 2 {
		for range 30 {
			if err := commit(); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, dir)
		full := 0
		for i := 0; i < 4000 && full < 50; i++ {
			err := commit()
			if err == nil && r.IntN(20) == 0 {
				err = s.SaveBase(bg, &store.Base{Upto: seq, Body: baseOf(seq)})
			}
			if err != nil && !errors.Is(err, store.ErrFull) {
				t.Fatalf("round %d, commit %d: %v", round, seq, err)
			}
			if err != nil {
				full++
			}
		}
		if full == 0 {
			t.Fatal("the disk was never full")
		}
		if _, err := os.Stat(path + ".ballast"); err == nil {
			t.Error("the ballast is still there")
		}
		t.Logf("round %d: full at commit %d, %d calls refused", round, seq, full)
		if err := os.Remove(filepath.Join(dir, "fill")); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if err := commit(); err != nil {
				t.Fatalf("there is room again: %v", err)
			}
		}
		s.ballast.since = s.ballast.since.Add(-time.Hour)
		if err := commit(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path + ".ballast"); err != nil || info.Size() != opt.BallastBytes {
			t.Errorf("the ballast was not made again: %v", err)
		}
		if said, err := s.conn.texts(`PRAGMA integrity_check`); err != nil || said[0] != "ok" {
			t.Errorf("integrity: %v, %v", said, err)
		}
		if err := s.Close(round == 1); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(path, opt); err != nil {
			t.Fatal(err)
		}
		saved, err := s.Load(bg)
		if err == nil {
			err = checkWork(saved)
		}
		if err != nil || saved.Last != seq || len(saved.Faults) > 0 {
			t.Fatalf("commit %d: %v, %+v", seq, err, saved.Faults)
		}
	}
	s.Close(true)
}

// A disk that is full at the start is no reason to lose anything either.
func TestADiskThatIsFullAtTheStart(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 8<<20)
	path := filepath.Join(dir, "state.db")
	fill(t, dir)
	if s, err := Open(path, Options{}); !errors.Is(err, store.ErrFull) {
		t.Errorf("%v, %v", s, err)
	}
	os.Remove(filepath.Join(dir, "fill"))
	s, err := Open(path, Options{BallastBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(bg); err != nil {
		t.Fatal(err)
	}
	if err := work(s, seeded(t), 1, 20); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".ballast"); err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	warned := ""
	if s, err = Open(path, Options{BallastBytes: 1 << 20, Warn: func(w string) { warned = w }}); err != nil {
		t.Fatal(err)
	}
	defer s.Close(false)
	saved, err := s.Load(bg)
	if err == nil {
		err = checkWork(saved)
	}
	if err != nil || saved.Last != 20 {
		t.Errorf("commit %d, %v", saved.Last, err)
	}
	if _, err := os.Stat(path + ".ballast"); err == nil {
		t.Error("the ballast was not given away")
	}
	if warned != "" {
		t.Errorf("warning: %q", warned)
	}
}

// The same without a disk of its own.
func TestAFullDiskIsWaitedOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	path := p.path()
	s, err := Open(path, Options{BallastBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	p.open = s
	if _, err := s.Load(bg); err != nil {
		t.Fatal(err)
	}
	s.conn.inject = func() error { return fmt.Errorf("write: %w", syscall.ENOSPC) }
	for range 3 {
		if err := s.Commit(bg, workGroup(1)); !errors.Is(err, store.ErrFull) {
			t.Fatalf("%v", err)
		}
		if err := s.SaveBase(bg, &store.Base{Body: baseOf(0)}); !errors.Is(err, store.ErrFull) {
			t.Fatalf("%v", err)
		}
	}
	if _, err := os.Stat(path + ".ballast"); err == nil {
		t.Error("the ballast is still there")
	}
	s.conn.inject = nil
	if err := work(s, seeded(t), 1, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".ballast"); err == nil {
		t.Error("the ballast is back at once")
	}
	s.Close(false)
	_, saved := mustLoad(t, p)
	if err := checkWork(saved); err != nil || saved.Last != 100 {
		t.Error(err)
	}
}

// childEnv says what a child process of the tests does.
const childEnv = "RSIGMA_TEST_STORE_CHILD"

// child runs this test again as another process.
func child(t *testing.T, what, path string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	c.Env = append(os.Environ(), childEnv+"="+what, "RSIGMA_TEST_STORE_PATH="+path)
	c.Stderr = os.Stderr
	return c
}

func TestChild(t *testing.T) {
	path := os.Getenv("RSIGMA_TEST_STORE_PATH")
	switch os.Getenv(childEnv) {
	case "":
		t.Skip("runs in a process of its own only")
	case "commit":
		commitForEver(path)
	case "limit":
		hitLimit(path)
	}
}

// A write that fails for an unknown reason (here: files must not be longer than 4 MiB) ends the store: it must not be tried again.
func TestAFailedWriteIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	out, err := child(t, "limit", p.path()).Output()
	if err != nil || !strings.Contains(string(out), "broken after ") {
		t.Fatalf("%v: %s", err, out)
	}
	var last int64
	_, tail, _ := strings.Cut(string(out), "broken after ")
	fmt.Sscan(tail, &last)
	_, saved := mustLoad(t, p)
	if err := checkWork(saved); err != nil || saved.Last < last || saved.Last > last+1 || len(saved.Faults) > 0 {
		t.Errorf("commit %d of %d: %v, %v", saved.Last, last, err, saved.Faults)
	}
}

func hitLimit(path string) {
	s, err := Open(path, Options{BallastBytes: -1})
	if err == nil {
		_, err = s.Load(bg)
	}
	if err == nil {
		limit := syscall.Rlimit{Cur: 4 << 20, Max: 4 << 20}
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	}
	if err != nil {
		fmt.Println("not started:", err)
		return
	}
	for seq := int64(1); ; seq++ {
		g := workGroup(seq)
		if err = s.Commit(bg, g); err != nil {
			again := s.Commit(bg, g)
			if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) || again == nil {
				fmt.Println("not broken:", err, again)
				return
			}
			if s.Close(true) == nil {
				fmt.Println("closed as if nothing was")
				return
			}
			fmt.Println("broken after", seq-1)
			return
		}
	}
}
