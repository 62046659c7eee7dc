package dynsource

import (
	"context"
	"io"
)

// fetcher gets the bytes of a source.
type fetcher interface {
	// fetch returns what the source holds now. same is true, and data nil, if it has not changed since the last success.
	fetch(ctx context.Context, d *Declaration) (data []byte, same bool, err error)
}

// readAll reads at most d.MaxSize bytes.
func readAll(r io.Reader, d *Declaration) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, d.MaxSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > d.MaxSize {
		return nil, failf(KindResource, "larger than %d bytes (max_size)", d.MaxSize)
	}
	return data, nil
}
