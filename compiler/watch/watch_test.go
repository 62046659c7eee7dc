package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig watches the .yml files of a directory.
type rig struct {
	t       *testing.T
	dir     string
	changed chan struct{}
}

func start(t *testing.T, setUp func(dir string), opts Options) rig {
	t.Helper()
	dir := t.TempDir()
	setUp(dir)
	return startAt(t, dir, opts)
}

func startAt(t *testing.T, dir string, opts Options) rig {
	t.Helper()
	r := rig{t, dir, make(chan struct{}, 100)}
	opts.List = func() Paths {
		files, _ := filepath.Glob(filepath.Join(r.dir, "*.yml"))
		return Paths{Files: files, Dirs: []string{r.dir}, Names: []string{r.dir}}
	}
	opts.Changed = func() { r.changed <- struct{}{} }
	opts.Failed = func(err error) { t.Error(err) }
	run := Start(opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

func (r rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r rig) wantChange(what string) {
	r.t.Helper()
	select {
	case <-r.changed:
	case <-time.After(5 * time.Second):
		r.t.Fatalf("%s was not noticed", what)
	}
}

var notified = Options{Settle: 10 * time.Millisecond, Poll: time.Hour}

func TestEveryWayToChangeAFileIsNoticed(t *testing.T) {
	t.Parallel()
	r := start(t, func(dir string) {
		if err := os.WriteFile(filepath.Join(dir, "a.yml"), []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, notified)
	r.write("a.yml", "12")
	r.wantChange("a write")
	r.write("b.yml", "1")
	r.wantChange("a new file")
	r.write("c.tmp", "123")
	r.must(os.Rename(filepath.Join(r.dir, "c.tmp"), filepath.Join(r.dir, "a.yml")))
	r.wantChange("a file renamed over another")
	r.must(os.Remove(filepath.Join(r.dir, "b.yml")))
	r.wantChange("a removed file")
}

// TestASwappedLinkIsNoticed does what a mounted ConfigMap does: a.yml → ..data/a.yml, ..data → ..v1, and then ..data → ..v2.
func TestASwappedLinkIsNoticed(t *testing.T) {
	t.Parallel()
	r := start(t, func(dir string) {
		for _, v := range []string{"..v1", "..v2"} {
			if err := os.Mkdir(filepath.Join(dir, v), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, v, "a.yml"), []byte("same"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for link, target := range map[string]string{"..data": "..v1", "a.yml": "..data/a.yml"} {
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
	}, notified)
	r.must(os.Symlink("..v2", filepath.Join(r.dir, "..data_tmp")))
	r.must(os.Rename(filepath.Join(r.dir, "..data_tmp"), filepath.Join(r.dir, "..data")))
	r.wantChange("a swapped link")
	r.must(os.WriteFile(filepath.Join(r.dir, "..v2", "a.yml"), []byte("other"), 0o600))
	r.wantChange("a write through a link")
}

func TestADirectoryThatIsReplacedIsNoticedAndStillWatched(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(r rig, rules, next string){
		"by another link": func(r rig, rules, next string) {
			r.must(os.Symlink(next, rules+".new"))
			r.must(os.Rename(rules+".new", rules))
		},
		"by renaming": func(r rig, rules, next string) {
			r.must(os.Rename(rules, rules+".old"))
			r.must(os.Rename(next, rules))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			rules := filepath.Join(top, "rules")
			for _, dir := range []string{"1", "2"} {
				if err := os.MkdirAll(filepath.Join(top, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(top, "2", "a.yml"), []byte("1"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(top, "1"), rules); err != nil {
				t.Fatal(err)
			}
			r := startAt(t, rules, notified)
			replace(r, rules, filepath.Join(top, "2"))
			r.wantChange("the new directory")
			r.write("b.yml", "12")
			r.wantChange("a new file in the new directory")
		})
	}
}

func TestNeighboursOfANameDoNotCount(t *testing.T) {
	t.Parallel()
	w := watcher{names: map[string]bool{"top/rules": true}, all: map[string]bool{"top": false, "top/rules": true}}
	for path, want := range map[string]bool{
		"top/rules": true, "./top/rules": true, "top/rules/a.yml": true, "top/log": false, "top/log/a": false,
	} {
		if got := w.counts(path); got != want {
			t.Errorf("%s counts: %t, want %t", path, got, want)
		}
	}
}

func TestWhatDoesNotCountChangesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, func(string) {}, notified)
	r.write("notes.txt", "1")
	r.must(os.Mkdir(filepath.Join(r.dir, "sub"), 0o700))
	r.write("last.yml", "1")
	r.wantChange("the file that counts")
	if n := len(r.changed); n != 0 {
		t.Errorf("%d changes more", n)
	}
}

func TestWithoutNotificationsFilesAreCompared(t *testing.T) {
	t.Parallel()
	r := start(t, func(string) {}, Options{Settle: time.Hour, Poll: 10 * time.Millisecond})
	r.write("a.yml", "1")
	r.wantChange("a new file")
}
