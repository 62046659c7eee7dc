package reload

import (
	"context"
	"errors"
	"github.com/google/go-cmp/cmp"
	"github.com/rsigma-go/rsigma/compiler/watch"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	good   = "title: good\nlogsource: {category: c}\ndetection: {s: {A: x}, condition: s}\n"
	other  = "title: other\nlogsource: {category: c}\ndetection: {s: {A: y}, condition: s}\n"
	broken = "title: broken\nlogsource: {category: c}\ndetection: {s: {A|contians: x}, condition: s}\n"
)

// directory is a rules directory with a reloader over it.
type directory struct {
	t     *testing.T
	path  string
	r     *Reloader
	swaps int
	fail  error // of the swap
}

func newDirectory(t *testing.T, files map[string]string) *directory {
	t.Helper()
	d := &directory{t: t, path: t.TempDir()}
	for name, text := range files {
		d.write(name, text)
	}
	_, report, err := d.load(t.Context(), ResolveNone)
	if err != nil {
		t.Fatal(err)
	}
	d.r = NewReloader(ReloaderOptions{
		Load: d.load, Active: report, Log: slog.New(slog.DiscardHandler), Debounce: 500 * time.Millisecond,
		Swap: func(context.Context, *engine.Generation) (correlate.Restored, error) {
			d.swaps++
			return correlate.Restored{}, d.fail
		},
	})
	return d
}

func (d *directory) load(context.Context, Resolve) (*engine.Generation, *Report, error) {
	return Load(Options{Rules: []string{d.path}})
}

func (d *directory) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.path, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *directory) reload() Outcome {
	return d.r.reload(d.t.Context(), []request{{TriggerAPI, nil}})
}

func TestADocumentThatBreaksRejectsTheReload(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, map[string]string{"a.yml": good, "b.yml": other})
	d.write("b.yml", broken)
	out := d.reload()
	if out.Err == nil || !strings.Contains(out.Err.Error(), "b.yml:3:") || d.swaps != 0 || out.Generation != 1 {
		t.Fatalf("outcome %+v, %d swaps", out, d.swaps)
	}
	if s := d.r.Status(); s.Last == nil || s.Last.Err == nil || s.Report.Armed != 2 {
		t.Errorf("status %+v", s)
	}
	d.write("b.yml", other)
	if out := d.reload(); out.Err != nil || d.swaps != 1 || out.Generation != 2 {
		t.Errorf("after mending: %+v, %d swaps", out, d.swaps)
	}
}

func TestADocumentThatNeverWorkedKeepsNobodyFromReloading(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, map[string]string{"a.yml": good, "b.yml": other + "---\n" + broken})
	d.write("a.yml", strings.Replace(good, "x", "z", 1))
	d.write("c.yml", strings.Replace(other, "other", "third", 1))
	if out := d.reload(); out.Err != nil || d.swaps != 1 || out.Changes != (Changes{Unchanged: 1, Changed: 1, Added: 1}) {
		t.Fatalf("another file changed: %v", out.Err)
	}
	d.write("b.yml", strings.Replace(other, "y", "yy", 1)+"---\n"+broken)
	if out := d.reload(); out.Err != nil || d.swaps != 2 {
		t.Fatalf("another document of the file changed: %v", out.Err)
	}
	d.write("b.yml", other+"---\n"+strings.Replace(broken, "x", "z", 1))
	if out := d.reload(); out.Err == nil || d.swaps != 2 {
		t.Fatal("the broken document was changed and is still broken, yet the reload went through")
	}
	d.write("b.yml", other)
	if out := d.reload(); out.Err != nil || d.swaps != 3 {
		t.Fatalf("the broken document was removed: %v", out.Err)
	}
	d.write("b.yml", other+"---\n"+broken)
	if out := d.reload(); out.Err == nil {
		t.Error("the broken document came back, yet the reload went through")
	}
}

func TestARuleThatFailsForLackOfAnotherRejectsTheReload(t *testing.T) {
	t.Parallel()
	corr := "title: many\ncorrelation: {type: event_count, rules: one, group-by: U, timespan: 1m, condition: {gte: 2}}\n"
	d := newDirectory(t, map[string]string{"a.yml": "name: one\n" + good, "b.yml": corr, "c.yml": other})
	if err := os.Remove(filepath.Join(d.path, "a.yml")); err != nil {
		t.Fatal(err)
	}
	if out := d.reload(); out.Err == nil || !strings.Contains(out.Err.Error(), "b.yml") {
		t.Errorf("outcome %v", out.Err)
	}
}

func TestASwapThatFailsKeepsTheOldRules(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, map[string]string{"a.yml": good})
	d.fail = errors.New("no")
	d.write("a.yml", other)
	if out := d.reload(); out.Err == nil || out.Generation != 1 || d.r.Status().Report.Documents[0].Title != "good" {
		t.Errorf("outcome %+v", out)
	}
}

// TestTriggersAreAnsweredWithOneReload runs in fake time: what comes within half a second is one reload, and what comes during a
// reload is one more.
func TestTriggersAreAnsweredWithOneReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		var resolved []Resolve
		r := NewReloader(ReloaderOptions{
			Load: func(_ context.Context, resolve Resolve) (*engine.Generation, *Report, error) {
				loads++
				resolved = append(resolved, resolve)
				time.Sleep(2 * time.Second)
				return &engine.Generation{}, &Report{}, nil
			},
			Swap: func(context.Context, *engine.Generation) (correlate.Restored, error) {
				return correlate.Restored{}, nil
			},
			Active: &Report{}, Log: slog.New(slog.DiscardHandler), Debounce: 500 * time.Millisecond,
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		trigger := func(kind Trigger) <-chan Outcome {
			done, ok := r.Trigger(kind)
			if !ok {
				t.Fatal("the queue is full")
			}
			return done
		}
		start := time.Now()
		first := trigger(TriggerFile)
		time.Sleep(400 * time.Millisecond)
		second := trigger(TriggerSignal)
		if !r.Status().Pending {
			t.Error("nothing is pending")
		}
		time.Sleep(time.Second) // the reload runs
		third := trigger(TriggerSource)
		if a, b := <-first, <-second; a.Generation != 2 || b.Generation != 2 {
			t.Errorf("generations %d and %d", a.Generation, b.Generation)
		}
		if took := time.Since(start); took != 2500*time.Millisecond {
			t.Errorf("the first reload ended after %v", took)
		}
		if out := <-third; out.Generation != 3 || loads != 2 || r.Status().Pending {
			t.Errorf("generation %d, %d loads", out.Generation, loads)
		}
		if len(resolved) != 2 || resolved[0] != ResolveAll || resolved[1] != ResolveNone {
			t.Errorf("sources read anew: %v", resolved)
		}
		for range queued {
			trigger(TriggerAPI)
		}
		synctest.Wait()
		full := 0
		for range queued + 1 {
			if _, ok := r.Trigger(TriggerAPI); !ok {
				full++
			}
		}
		if full == 0 {
			t.Error("the queue took more than it holds")
		}
	})
}

func TestTheListOfWatchedFilesHoldsWhatIsLoaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.yml", "sub/b.yaml", "sub/c.txt", ".git/d.yml"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := Watched{Rules: []string{dir}, Pipelines: []string{filepath.Join(dir, "p.yml")}}.list()
	if len(got.Files) != 3 || len(got.Dirs) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestALinkToADirectoryIsWatchedLikeTheDirectory(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	if err := os.MkdirAll(filepath.Join(top, "1", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "1", "sub", "a.yml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(top, "current")
	if err := os.Symlink("1", current); err != nil {
		t.Fatal(err)
	}
	got := Watched{Rules: []string{current + "/"}, Sources: []string{filepath.Join(current, "sub", "a.yml")}}.list()
	want := watch.Paths{
		Files: []string{filepath.Join(current, "sub", "a.yml"), filepath.Join(current, "sub", "a.yml")},
		Dirs:  []string{current, filepath.Join(current, "sub")},
		Names: []string{current, filepath.Join(current, "sub", "a.yml"), current},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
