package dynsource

import (
	"context"
	"os"
	"sync/atomic"
)

// fileFetcher reads a file.
type fileFetcher struct {
	path string
	seen atomic.Pointer[os.FileInfo] // the file as it was read last; nil if it could not be
}

func readFile(r *reader) fetcher {
	path := r.text("path", "")
	if path == "" {
		r.fault(r.n.Pos, "path is missing")
	}
	return &fileFetcher{path: r.relative(path)}
}

func (f *fileFetcher) fetch(_ context.Context, d *Declaration) ([]byte, bool, error) {
	f.seen.Store(nil)
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, failf(KindFetch, "%s is not a regular file", f.path)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	f.seen.Store(&info)
	data, err := readAll(file, d)
	return data, false, err
}

// inherit notes which version of the file the fetcher of an equal declaration has read.
func (f *fileFetcher) inherit(old fetcher) {
	if o, ok := old.(*fileFetcher); ok {
		f.seen.Store(o.seen.Load())
	}
}

// outdated reports whether the file is not the one that was read last: it may change before it is watched.
func (f *fileFetcher) outdated() bool {
	now, err := os.Stat(f.path)
	seen := f.seen.Load()
	if err != nil || seen == nil {
		return (err == nil) != (seen != nil)
	}
	return !os.SameFile(now, *seen) || !now.ModTime().Equal((*seen).ModTime()) || now.Size() != (*seen).Size()
}
