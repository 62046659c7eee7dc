package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestTheBallastTakesUpRoom(t *testing.T) {
	t.Parallel()
	b := &ballast{path: filepath.Join(t.TempDir(), "ballast"), size: 3_000_000}
	now := time.Unix(1000, 0)
	if err := b.make(now); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(b.path)
	if err != nil || info.Size() != b.size || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Blocks*512 < b.size {
		t.Errorf("%d bytes are allocated", st.Blocks*512)
	}
	b.free(now)
	for _, after := range []time.Duration{0, time.Second, ballastPause - 1} {
		b.restore(now.Add(after))
		if _, err := os.Stat(b.path); err == nil {
			t.Errorf("it is back after %v", after)
		}
	}
	b.restore(now.Add(ballastPause))
	if _, err := os.Stat(b.path); err != nil {
		t.Error(err)
	}
	// One that was cut by a crash is made anew.
	if err := os.Truncate(b.path, 5); err != nil {
		t.Fatal(err)
	}
	if err := b.make(now); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(b.path); info.Size() != b.size {
		t.Errorf("it has %d bytes", info.Size())
	}
	// Where it cannot be made nothing is left over, and the next attempt is after the pause.
	bad := &ballast{path: filepath.Join(t.TempDir(), "no directory", "ballast"), size: 1}
	if err := bad.make(now); err == nil || !bad.gone {
		t.Error("made where nothing can be")
	}
	none := &ballast{path: filepath.Join(t.TempDir(), "none"), size: -1}
	if err := none.make(now); err != nil || none.gone {
		t.Error(err)
	}
	none.free(now)
	none.restore(now.Add(time.Hour))
	if _, err := os.Stat(none.path); err == nil {
		t.Error("none was wanted")
	}
}
