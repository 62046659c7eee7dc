package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Copy copies a state file, and what belongs to it, into dir and returns the path of the copy, which can be opened without changing the
// original. The error is store.ErrInUse while a daemon runs on it.
func Copy(path, dir string) (string, error) {
	real, err := resolve(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(real); err != nil {
		return "", fmt.Errorf("open state file %s: %w", path, err)
	}
	held, err := lock(real + ".lock")
	if err != nil {
		return "", fmt.Errorf("open state file %s: %w", path, err)
	}
	defer held.Close()
	target := filepath.Join(dir, filepath.Base(real))
	for _, suffix := range []string{"", "-wal"} { // the index beside them is made anew
		if err := copyFile(real+suffix, target+suffix); err != nil && !(suffix != "" && errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("copy state file %s: %w", path, err)
		}
	}
	return target, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
