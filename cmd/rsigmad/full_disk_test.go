package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// liarVariable asks the program for a store that reports success when the disk is full.
const liarVariable = "RSIGMAD_TEST_STORE_LIES"

// init plants that store: then this is the program that is tested.
func init() {
	if os.Getenv(liarVariable) == "" {
		return
	}
	others := plant
	plant = func(parts *daemon.Parts) {
		others(parts)
		open := parts.OpenState
		parts.OpenState = func(path string, power bool, warn func(string)) (store.Store, error) {
			s, err := open(path, power, warn)
			if err != nil {
				return nil, err
			}
			return &liar{Store: s}, nil
		}
	}
}

// liar is a store that keeps nothing after the first commit that finds the disk full, and does not say so.
type liar struct {
	store.Store
	lies atomic.Bool
}

func (l *liar) Commit(ctx context.Context, g *store.Group) error {
	if l.lies.Load() {
		return nil
	}
	err := l.Store.Commit(ctx, g)
	if errors.Is(err, store.ErrFull) {
		l.lies.Store(true)
		return nil
	}
	return err
}

func (l *liar) SaveBase(ctx context.Context, b *store.Base) error {
	if l.lies.Load() {
		return nil
	}
	return l.Store.SaveBase(ctx, b)
}

// fullDisk is a daemon with its state on a small disk of its own, and clients that post events one by one. Each event has a key and is
// repeated until it is answered, so in the end all of them count once.
type fullDisk struct {
	t         *testing.T
	work      counting
	disk, out string // a directory and a file
	args      []string
	p         *process
	filler    *os.File

	url            atomic.Pointer[string]
	next, answered atomic.Int64 // events
	earlier        int64        // of answered, by processes that are gone
	stop           chan struct{}
	clients        sync.WaitGroup
}

const diskClients = 4

// newFullDisk mounts a disk of n MiB in memory, and starts the daemon and its clients.
func newFullDisk(t *testing.T, mib int, env ...string) *fullDisk {
	t.Helper()
	disk, dir := t.TempDir(), t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skipf("no disk can be mounted here (%v); package sqlite does the same with a planted error", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	d := &fullDisk{t: t, work: counting{users: 7}, disk: disk, out: filepath.Join(dir, "out.ndjson"), stop: make(chan struct{})}
	d.args = []string{"-r", write(t, "rules.yml", countingRules), "--input", "http", "--output", "file://" + d.out, "--include-event",
		"--state-db", d.state(), "--state-save-interval", "1", "--metrics-extended"}
	d.launch(env...)
	for range diskClients {
		d.clients.Go(d.client)
	}
	return d
}

func (d *fullDisk) state() string { return filepath.Join(d.disk, "state.db") }

func (d *fullDisk) launch(env ...string) {
	d.t.Helper()
	d.p = launchWith(d.t, env, d.args...).ready()
	url := d.p.url("/api/v1/events?sync=true")
	d.url.Store(&url)
}

// crash kills the daemon, makes room, and starts it again. Everything that was answered is sent once more: what was kept is recognised, and
// what was not counts twice.
func (d *fullDisk) crash() {
	d.t.Helper()
	d.p.cmd.Process.Kill()
	d.p.wait()
	d.free()
	answered := d.answered.Load()
	d.earlier = answered
	d.launch()
	for n := range int(answered) - diskClients { // the last ones may be those that hang
		d.wait("a repeated request is answered", func() bool { return d.post(n) })
	}
}

// client posts one event after the other until stop.
func (d *fullDisk) client() {
	for {
		select {
		case <-d.stop:
			return
		default:
		}
		for n := int(d.next.Add(1) - 1); !d.post(n); pause() {
			if d.t.Context().Err() != nil {
				return
			}
		}
		d.answered.Add(1)
	}
}

// post is false if event n must be repeated.
func (d *fullDisk) post(n int) bool {
	req, err := http.NewRequestWithContext(d.t.Context(), "POST", *d.url.Load(), strings.NewReader(d.work.event(n)))
	if err != nil {
		return false
	}
	req.Header.Set("Idempotency-Key", fmt.Sprintf("event-%d", n))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// wait waits until done is true.
func (d *fullDisk) wait(what string, done func() bool) {
	d.t.Helper()
	for end := time.Now().Add(patience); !done(); pause() {
		if time.Now().After(end) {
			d.t.Fatalf("%s: waited in vain; the disk holds %s\n%.3000s", what, d.files(), d.p.log())
		}
	}
}

// files says what is on the disk, in KiB.
func (d *fullDisk) files() string {
	all, _ := os.ReadDir(d.disk)
	var text strings.Builder
	for _, f := range all {
		if info, err := f.Info(); err == nil {
			fmt.Fprintf(&text, "%s %d, ", f.Name(), info.Size()>>10)
		}
	}
	return text.String()
}

// more waits until n more events are answered.
func (d *fullDisk) more(n int64) {
	d.t.Helper()
	want := d.answered.Load() + n
	d.wait(fmt.Sprintf("%d more answers", n), func() bool { return d.answered.Load() >= want })
}

// fill takes all room that is left. The daemon may make room after that, so this is done again and again.
func (d *fullDisk) fill() {
	d.t.Helper()
	if d.filler == nil {
		f, err := os.Create(filepath.Join(d.disk, "fill"))
		if err != nil {
			d.t.Fatal(err)
		}
		d.filler = f
		d.t.Cleanup(func() { f.Close() })
	}
	for page := make([]byte, 1<<16); len(page) > 0; page = page[:len(page)/2] {
		for {
			if _, err := d.filler.Write(page); errors.Is(err, syscall.ENOSPC) {
				break
			} else if err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// free gives back what fill has taken.
func (d *fullDisk) free() {
	d.t.Helper()
	if err := cmp.Or(d.filler.Close(), os.Remove(d.filler.Name())); err != nil {
		d.t.Fatal(err)
	}
}

// look checks what must be true at every moment, and returns whether commits wait for the disk.
func (d *fullDisk) look() (blocked bool) {
	d.t.Helper()
	answered := d.answered.Load() // first: then the daemon has at least committed that
	m := d.p.metrics()
	if committed := m["rsigma_state_commit_events_sum"]; float64(answered-d.earlier) > committed {
		d.t.Errorf("%d events are answered, %v are committed", answered-d.earlier, committed)
	}
	if status, body := d.p.get("/healthz"); status != 200 {
		d.t.Errorf("healthz: %d %s", status, body)
	}
	return m["rsigma_state_commit_blocked"] == 1
}

// block fills the disk until commits wait and no answer has come for a while, and keeps it full for hold.
func (d *fullDisk) block(hold time.Duration) {
	d.t.Helper()
	const still = 10 // looks
	same, last, since := 0, int64(-1), time.Time{}
	d.wait("commits wait and requests hang", func() bool {
		d.fill()
		if n := d.answered.Load(); !d.look() || n != last {
			same, last, since = 0, n, time.Now()
		} else {
			same++
		}
		return same >= still
	})
	for time.Since(since) < hold {
		d.fill()
		if !d.look() {
			d.t.Error("the disk is full, and the metric does not say so")
		}
		pause()
	}
	if n := d.answered.Load(); n != last {
		d.t.Errorf("%d requests were answered while nothing could be written", n-last)
	}
	if open := d.next.Load() - last; open != diskClients {
		d.t.Errorf("%d requests hang, want %d", open, diskClients)
	}
}

// end lets the clients finish, stops the daemon and says what is wrong with the results.
func (d *fullDisk) end() error {
	d.t.Helper()
	close(d.stop)
	done := make(chan struct{})
	go func() { d.clients.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		d.t.Fatalf("requests are still not answered\n%.3000s", d.p.log())
	}
	if status := d.p.stop(); status != 0 {
		d.t.Errorf("exit status %d\n%.3000s", status, d.p.log())
	}
	return d.work.check(resultLines(d.t, d.out), int(d.next.Load()))
}

// verify looks for damage in the state file, with SQLite's own check and that of everything in it.
func (d *fullDisk) verify() {
	d.t.Helper()
	if r := exec(d.t, "", "state", "verify", "--state-db", d.state()); r.status != 0 || !strings.HasPrefix(r.stdout, "ok: ") {
		d.t.Errorf("verify: status %d, %s%s", r.status, r.stdout, r.stderr)
	}
}

// TestAFullDiskHoldsRequestsBackAndLosesNothing fills the disk of the state file while clients post events, and makes room again: in the
// running daemon, or after it was killed, so that only what the disk holds counts. The ballast does not fit the smaller disk.
func TestAFullDiskHoldsRequestsBackAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mib  int
		kill bool
	}{
		"without a ballast":        {6, false},
		"with a ballast":           {24, false},
		"killed while it is full":  {6, true},
		"killed after the ballast": {24, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFullDisk(t, c.mib)
			ballast := d.state() + ".ballast"
			if _, err := os.Stat(ballast); (err == nil) != (c.mib > 16) {
				t.Errorf("on a disk of %d MiB: %v", c.mib, err)
			}
			d.more(100)
			began := time.Now()
			hold := time.Duration(scale(0, 5)) * time.Second
			d.block(hold)
			held := time.Since(began)
			if _, err := os.Stat(ballast); err == nil {
				t.Error("the ballast was not given away")
			}
			before := d.answered.Load()
			began = time.Now()
			if c.kill {
				d.crash()
			} else {
				d.free()
			}
			d.wait("the requests that hang are answered", func() bool { return d.answered.Load() >= before+diskClients })
			took := time.Since(began)
			if limit := 30 * time.Second; took > limit {
				t.Errorf("requests are answered %v after there is room, want %v", took, limit)
			}
			d.wait("the metric says that commits go on", func() bool { return !d.look() })
			d.more(100)
			err := d.end()
			t.Logf("full for %.1f s with %d requests answered before; the %d that hung were answered %.2f s after there was room; %d events, %v",
				held.Seconds(), before, diskClients, took.Seconds(), d.next.Load(), cmp.Or[any](err, "each counted once"))
			if err != nil {
				t.Error(err)
			}
			d.verify()
		})
	}
}

// TestAStoreThatHidesAFullDiskIsNoticed is the negative control: a daemon whose store says that all is well answers, and forgets.
func TestAStoreThatHidesAFullDiskIsNoticed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	d := newFullDisk(t, 6, liarVariable+"=1")
	d.more(100)
	// What room SQLite has in its own files is used up at some time; from then on nothing is kept.
	full := d.answered.Load()
	d.wait("1000 answers of a daemon whose disk is full", func() bool {
		d.fill()
		return d.answered.Load() >= full+1000
	})
	d.crash()
	d.more(100)
	err := d.end()
	t.Log(fmt.Sprint("as it must be: ", err))
	if err == nil {
		t.Error("a daemon that answers for what is not kept has passed")
	}
}
