package sqlite

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"
)

// DefaultBallast is how much room is kept for the day when the disk is full: without it even DELETE and a checkpoint fail.
const DefaultBallast = 16 << 20

// ballastPause is how long the store waits after it has given the ballast away before it makes it again.
const ballastPause = 30 * time.Second

// ballast is a file that only takes up room.
type ballast struct {
	path  string
	size  int64
	gone  bool
	since time.Time // of gone, or of the last attempt to make it
}

// make writes the file unless it is there. Its contents are random, so that no file system stores them in less.
func (b *ballast) make(now time.Time) error {
	if b.size <= 0 {
		return nil
	}
	if info, err := os.Stat(b.path); err == nil && info.Size() == b.size {
		b.gone = false
		return nil
	}
	b.gone, b.since = true, now
	if err := b.write(); err != nil {
		return errors.Join(err, b.remove())
	}
	b.gone = false
	return nil
}

func (b *ballast) write() error {
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	var seed [32]byte
	noise := rand.NewChaCha8(seed)
	page := make([]byte, 1<<20)
	for left := b.size; left > 0; left -= int64(len(page)) {
		page = page[:min(int64(len(page)), left)]
		noise.Read(page)
		if _, err := f.Write(page); err != nil {
			return err
		}
	}
	return f.Sync() // some file systems find out only now that there is no room
}

func (b *ballast) remove() error {
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// free gives the room away.
func (b *ballast) free(now time.Time) {
	if b.size <= 0 || b.gone {
		return
	}
	b.gone, b.since = true, now
	_ = b.remove() // what else could be done?
}

// restore makes the file again when it has been gone for long enough.
func (b *ballast) restore(now time.Time) {
	if b.size > 0 && b.gone && now.Sub(b.since) >= ballastPause {
		_ = b.make(now) // no room yet: in a while again
	}
}
