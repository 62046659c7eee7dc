// Package watch notices that files have changed. It is the only importer of fsnotify. It watches directories, never files: editors
// replace a file by renaming another one over it, and mounted configuration changes by swapping a symbolic link, which a watch on the
// file itself does not see. What counts as a change is a comparison of fingerprints, so that neither a missed nor a superfluous
// notification matters; they are compared at intervals too. It reads no file contents and decides nothing about what a change means.
package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Paths are what to watch, as it is at some moment.
type Paths struct {
	Files []string // whose changes count; they need not exist
	Dirs  []string // in which files may appear that count
	Names []string // files or directories that may be replaced as a whole, by renaming or by swapping a link
}

// Options configure Run.
type Options struct {
	// List returns what to watch. It is called for each comparison, so that new files are seen.
	List func() Paths
	// Changed is called after each change, on the goroutine of Run.
	Changed func()
	// Settle is how long nothing may happen before fingerprints are compared; Poll is how often they are compared anyway.
	Settle, Poll time.Duration
	// Failed is told once if the system gives no notifications; then only Poll is left.
	Failed func(error)
}

// Run watches until ctx is done. What changed before it began is not reported.
func Run(ctx context.Context, opts Options) { Start(opts)(ctx) }

// Start notes the state of the files and returns a function that watches from then on, until its context is done. It must be called.
func Start(opts Options) func(context.Context) {
	w := watcher{opts: opts}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		opts.Failed(fmt.Errorf("no file notifications, comparing every %s: %w", opts.Poll, err))
	} else {
		w.notify = notify
	}
	w.seen = w.look()
	return w.run
}

type watcher struct {
	opts    Options
	notify  *fsnotify.Watcher // nil without notifications
	failed  bool
	watched map[string]os.FileInfo // directories, and which one each was when the watch began
	names   map[string]bool        // in directories that are watched for them alone
	all     map[string]bool        // directories; true: whatever happens there counts
	seen    map[string]fingerprint
}

func (w *watcher) run(ctx context.Context) {
	var events chan fsnotify.Event
	var errs chan error
	if w.notify != nil {
		defer w.notify.Close()
		events, errs = w.notify.Events, w.notify.Errors
	}
	poll := time.NewTicker(w.opts.Poll)
	defer poll.Stop()
	var settle <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			if settle == nil && w.counts(event.Name) {
				settle = time.After(w.opts.Settle)
			}
			continue
		case _, ok := <-errs: // events were lost: the comparison below finds out
			if !ok {
				errs = nil
				continue
			}
		case <-settle:
			settle = nil
		case <-poll.C:
		}
		if now := w.look(); !equal(now, w.seen) {
			w.seen = now
			w.opts.Changed()
		}
	}
}

// look takes the fingerprints of all files and watches directories that are new.
func (w *watcher) look() map[string]fingerprint {
	paths := w.opts.List()
	prints := make(map[string]fingerprint, len(paths.Files))
	dirs := map[string]bool{}
	w.names = map[string]bool{}
	for _, n := range paths.Names {
		n = filepath.Clean(n)
		w.names[n] = true
		dirs[filepath.Dir(n)] = false
	}
	for _, d := range paths.Dirs {
		dirs[d] = true
	}
	for _, f := range paths.Files {
		prints[f] = fingerprintOf(f)
		dirs[filepath.Dir(f)] = true
		if prints[f].target != f && prints[f].target != "" {
			dirs[filepath.Dir(prints[f].target)] = true // writes through a link happen there
		}
	}
	w.watch(dirs)
	return prints
}

// watch has the system watch dirs. A directory that took the place of another one under the same name is watched anew: the system
// watches directories, not their names.
func (w *watcher) watch(dirs map[string]bool) {
	if w.notify == nil {
		return
	}
	watched := make(map[string]os.FileInfo, len(dirs))
	w.all = dirs
	for d := range dirs {
		info, err := os.Stat(d)
		was := w.watched[d]
		if err == nil && was != nil && os.SameFile(info, was) {
			watched[d] = was
			continue
		}
		if was != nil {
			w.notify.Remove(d) // it may be gone already
		}
		if err == nil {
			err = w.notify.Add(d)
		}
		switch {
		case err == nil:
			watched[d] = info
		case !w.failed && !os.IsNotExist(err):
			w.failed = true
			w.opts.Failed(fmt.Errorf("watch %s: %w", d, err))
		}
	}
	for d := range w.watched {
		if _, ok := dirs[d]; !ok {
			w.notify.Remove(d) // it may be gone already
		}
	}
	w.watched = watched
}

// counts reports whether something that happened to path may be a change: not the neighbours of a name.
func (w *watcher) counts(path string) bool {
	path = filepath.Clean(path)
	return w.names[path] || w.all[path] || w.all[filepath.Dir(path)]
}

// fingerprint tells versions of a file apart. The zero value is a file that is not there.
type fingerprint struct {
	target   string // where links lead
	modified time.Time
	size     int64
}

func fingerprintOf(path string) fingerprint {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fingerprint{}
	}
	info, err := os.Stat(target)
	if err != nil {
		return fingerprint{}
	}
	return fingerprint{target, info.ModTime(), info.Size()}
}

func equal(a, b map[string]fingerprint) bool {
	if len(a) != len(b) {
		return false
	}
	for path, x := range a {
		if y, ok := b[path]; !ok || x.target != y.target || x.size != y.size || !x.modified.Equal(y.modified) {
			return false
		}
	}
	return true
}
