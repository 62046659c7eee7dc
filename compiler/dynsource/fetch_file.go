package dynsource

import (
	"context"
	"os"
)

// fileFetcher reads a file.
type fileFetcher struct{ path string }

func readFile(r *reader) fetcher {
	path := r.text("path", "")
	if path == "" {
		r.fault(r.n.Pos, "path is missing")
	}
	return &fileFetcher{r.relative(path)}
}

func (f *fileFetcher) fetch(_ context.Context, d *Declaration) ([]byte, bool, error) {
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
	data, err := readAll(file, d)
	return data, false, err
}
