package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rsigma-go/rsigma/compiler/watch"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

// Intervals and limits of a watched binary.
const (
	binarySettle = 500 * time.Millisecond // for which a new file has not changed, before it is looked at
	binaryPoll   = 2 * time.Second        // links on the way to it are seen at this interval
	binaryBusy   = time.Second            // between two looks at a file that is still being written
	binaryTries  = 60                     // of such looks
	askLimit     = 20 * time.Second       // for a program to say what it is
	askSize      = 1 << 20                // of what it says
)

// newBinary waits for a program with the rules that are loaded now, and has it take over. What is known about the file outlives a hand-over
// that failed, so that nothing is tried twice.
type newBinary struct {
	path   string
	linked string        // digest of the rules that this process has as code
	look   chan struct{} // the file, or the rules, may be others now
	log    *slog.Logger

	mu     sync.Mutex
	seen   os.FileInfo // the file that was asked last; nil before
	digest string      // of its rules; empty if it did not say
	told   string      // about that file; the same is not said twice
	status api.UpgradeStatus
}

// watchedBinary returns the one of cfg, nil if there is none.
func watchedBinary(cfg *Config, log *slog.Logger) *newBinary {
	if cfg.Upgrade.Watch == "" {
		return nil
	}
	linked := reload.LoadOrder(cfg.Rules.Linked)
	return &newBinary{
		path: cfg.Upgrade.Watch, linked: linked.Digest(), look: make(chan struct{}, 1), log: logging.For(log, targetReload),
		status: api.UpgradeStatus{Watched: cfg.Upgrade.Watch},
	}
}

// again has the file looked at.
func (b *newBinary) again() {
	if b == nil {
		return
	}
	select {
	case b.look <- struct{}{}:
	default:
	}
}

// note keeps what has become of the file, and says so unless that is known.
func (b *newBinary) note(level slog.Level, result, message string, err error) {
	args := []any{"binary", b.path, "ruleset", b.digestNow()}
	failed := ""
	if err != nil {
		failed = err.Error()
		args = append(args, "error", failed)
	}
	b.mu.Lock()
	known := b.told == result+failed
	b.told = result + failed
	if !known {
		b.status.Note(time.Now(), result, b.digest, failed)
	}
	b.mu.Unlock()
	if !known {
		b.log.Log(context.Background(), level, message, args...)
	}
}

func (b *newBinary) digestNow() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.digest
}

// Status is what the API shows; nil if nothing is watched.
func (b *newBinary) Status() *api.UpgradeStatus {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	return &s
}

// cannot notes that the program did not take over. It does so for whatever asked for the hand-over.
func (b *newBinary) cannot(binary string, err error) {
	if b != nil && binary == b.path {
		b.note(slog.LevelError, api.UpgradeFailed, "The new program does not take over", err)
	}
}

// watchBinary has a new program take over as soon as it has the rules that are loaded, until ctx is done.
func (d *daemon) watchBinary(ctx context.Context) {
	b := d.binary
	if b == nil {
		return
	}
	files := watch.Start(watch.Options{
		List:    func() watch.Paths { return watch.Paths{Files: []string{b.path}, Names: []string{b.path}} },
		Changed: b.again, Settle: binarySettle, Poll: binaryPoll,
		Failed: func(err error) { b.log.Warn("The new program is not watched as it should be", "error", err.Error()) },
	})
	d.background.Go(func() { files(ctx) })
	d.background.Go(func() {
		if d.parts.Predecessor != nil && sameFile(b.path, ownProgram) {
			b.took()
		}
		b.again() // it may have come before the watch
		for {
			select {
			case <-b.look:
				d.judgeBinary(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
}

// took notes that this process is the one that was waited for.
func (b *newBinary) took() {
	b.mu.Lock()
	first := b.status.LastResult == nil
	b.digest = b.linked
	b.mu.Unlock()
	if first {
		b.note(slog.LevelInfo, api.UpgradeTaken, "This is the new program", nil)
	}
}

// ownProgram is the file of this process, where the system has such a name.
const ownProgram = "/proc/self/exe"

func sameFile(x, y string) bool {
	a, err := os.Stat(x)
	if err != nil {
		return false
	}
	b, err := os.Stat(y)
	return err == nil && os.SameFile(a, b)
}

// judgeBinary looks at the file and, if it is what is waited for, has it take over. Each version of the file is asked once, and tried once
// for each rule set.
func (d *daemon) judgeBinary(ctx context.Context) {
	b := d.binary
	st := d.reloader.Load().Status()
	switch {
	case sameFile(b.path, ownProgram):
		return
	case st.Pending: // also for a moment after a reload has told that it has ended
		time.AfterFunc(binarySettle, b.again)
		return
	}
	info, err := b.settled(ctx)
	switch {
	case ctx.Err() != nil || errors.Is(err, os.ErrNotExist):
		return
	case err == nil:
		err = b.ask(ctx, info)
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		b.note(slog.LevelError, api.UpgradeFailed, "The new program cannot be taken", err)
		if info == nil { // rights may change, which the watch does not see
			time.AfterFunc(binaryPoll, b.again)
		}
		return
	}
	loaded := d.pipeline.Load().Generation().Digest
	switch digest := b.digestNow(); {
	case digest == "" || b.tried(loaded):
		return // its fault is known
	case digest != loaded:
		b.note(slog.LevelWarn, api.UpgradeOther, "The new program has other rules than those that are loaded; it is not taken before they are loaded", nil)
		return
	case digest == b.linked || st.Report.Interpreted == 0:
		return // it could do no more than this one
	}
	d.takeBinary(ctx, info, loaded)
}

// tried reports whether the file was to take over with the rules that are loaded.
func (b *newBinary) tried(loaded string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status.Tried == loaded
}

// settled waits until the file is complete and returns it.
func (b *newBinary) settled(ctx context.Context) (os.FileInfo, error) {
	info, err := safeProgram(b.path)
	for range binaryTries {
		if !sleep(ctx, binarySettle) {
			return nil, ctx.Err()
		}
		now, nowErr := safeProgram(b.path)
		if nowErr != nil || err == nil && same(info, now) {
			return now, nowErr
		}
		info, err = now, nil
	}
	return nil, errors.New("it does not stop changing")
}

// same reports whether two files are one version of one.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// safeProgram returns the file at path if it is a program that nobody can replace but who may.
func safeProgram(path string) (os.FileInfo, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Mode()&0o111 == 0:
		return nil, errors.New("it is not executable")
	case info.Mode()&0o002 != 0:
		return nil, errors.New("everybody can write to it")
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(target)} {
		of, err := os.Stat(dir)
		switch {
		case err != nil:
			return nil, err
		case of.Mode()&0o002 == 0:
		case of.Mode()&os.ModeSticky == 0:
			return nil, fmt.Errorf("everybody can write to %s", dir)
		case !ours(info):
			return nil, fmt.Errorf("everybody can write to %s, and it belongs to somebody else", dir)
		}
	}
	return info, nil
}

// ours reports whether a file belongs to root or to who runs the daemon.
func ours(info os.FileInfo) bool {
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && (of.Uid == 0 || int(of.Uid) == os.Geteuid())
}

// ask has the program say which rules it has, unless it was asked.
func (b *newBinary) ask(ctx context.Context, info os.FileInfo) error {
	b.mu.Lock()
	if b.seen != nil && same(b.seen, info) {
		b.mu.Unlock()
		return nil
	}
	b.seen, b.digest, b.told, b.status.Tried = info, "", "", ""
	b.mu.Unlock()
	digest, err := askProgram(ctx, b.path)
	for tries := 0; errors.Is(err, syscall.ETXTBSY) && tries < binaryTries; tries++ { // somebody has it open to write
		sleep(ctx, binaryBusy)
		digest, err = askProgram(ctx, b.path)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.digest = digest
	if ctx.Err() != nil {
		b.seen = nil // that was no answer
	}
	return err
}

// askProgram returns the digest of the rules that a program has as code.
func askProgram(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version", "--json")
	out, errs := &bounded{left: askSize}, &bounded{left: 4096}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errs, time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			err = errors.New("it did not answer in time")
		}
		text := strings.TrimSpace(errs.text.String())
		if text != "" {
			return "", fmt.Errorf("version: %w: %s", err, text)
		}
		return "", fmt.Errorf("version: %w", err)
	}
	var said struct{ RuleSet string }
	if err := json.Unmarshal([]byte(out.text.String()), &said); err != nil || said.RuleSet == "" {
		return "", errors.New("version: it does not say which rules it has")
	}
	return said.RuleSet, nil
}

// bounded keeps the beginning of what is written.
type bounded struct {
	text strings.Builder
	left int
}

// Write implements io.Writer.
func (w *bounded) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.text.Write(p[:n])
	w.left -= n
	return len(p), nil
}

// takeBinary has the program take over. It waits while another upgrade is under way.
func (d *daemon) takeBinary(ctx context.Context, info os.FileInfo, loaded string) {
	b := d.binary
	if now, err := safeProgram(b.path); err != nil || !same(now, info) {
		return // the watch has seen it too
	}
	for d.upgrading.Swap(true) {
		if !sleep(ctx, binaryBusy) {
			return
		}
	}
	b.mu.Lock()
	b.status.Tried = loaded
	b.mu.Unlock()
	b.note(slog.LevelInfo, api.UpgradeBegun, "The new program has the rules that are loaded; it takes over", nil)
	r := upgradeRequest{b.path, make(chan api.Upgraded, 1)}
	d.upgrades <- r
	select {
	case out := <-r.done:
		if out.Err != nil {
			b.cannot(b.path, out.Err)
		}
	case <-ctx.Done():
	}
}

// reloaded is told of every reload.
func (d *daemon) reloaded(out reload.Outcome, gen *engine.Generation) {
	d.counters.reloaded(out, gen)
	d.binary.again()
}
