package sqlite

import (
	"bufio"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// asideRow is a row that was set aside: one line of JSON in the file <db>.bad-<time>. The body is as it was stored.
type asideRow struct {
	Table string `json:"table"`
	Key   any    `json:"key"`
	Body  []byte `json:"body"`
}

// setAside writes rows to a new file, and returns its name once they are on the disk.
func (s *Store) setAside(rows []asideRow) (string, error) {
	f, err := s.newBad()
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	for _, r := range rows {
		err = errors.Join(err, enc.Encode(r))
	}
	if err = errors.Join(err, w.Flush(), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func (s *Store) newBad() (*os.File, error) {
	name := s.path + ".bad-" + time.Now().UTC().Format("20060102T150405Z")
	for try := name; ; name += "x" {
		f, err := os.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		try = name + "x"
	}
}

// moveAway renames the whole database, and leaves an empty file in its place. The connection must be closed.
func (s *Store) moveAway() (string, error) {
	f, err := s.newBad()
	if err != nil {
		return "", err
	}
	f.Close()
	bad := f.Name()
	// The log goes first: a crash in between must not leave it beside a new file.
	if err := os.Rename(s.path+"-wal", bad+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.Rename(s.path, bad); err != nil {
		return "", err
	}
	if err := os.Remove(s.path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if f, err = os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return "", err
	}
	return bad, f.Close()
}

// mixed is an error about a file whose parts are of different ages: nothing of it is used.
type mixed struct{ error }

func mixedUp(format string, args ...any) error { return mixed{fmt.Errorf(format, args...)} }

// useless reports whether err, of reading, says that the file makes no sense: to SQLite, to us, or because a column holds another type
// than it should.
func useless(err error) bool {
	var m mixed
	switch {
	case err == nil, errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return false
	}
	return errors.As(err, &m) || damaged(err) || code(err) == 0
}
