package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// head is written with every commit. It says what else must be in the file, so that pages of different ages are noticed.
type head struct {
	Seq       int64  // of the last commit; never repeats
	Delta     int64  // of the last row of rsigmad_delta, also if it is dropped by now
	Outbox    int64  // of the last row of rsigmad_outbox, also if it is dropped by now
	Delivered int64  // rows of rsigmad_outbox up to here are dropped, or will be
	Positions uint64 // the sum of the check sums of rsigmad_pos
}

// baseRecord says which state the rows of rsigmad_delta go on from.
type baseRecord struct {
	Number int64 // of the base; its pieces bear it
	Upto   int64 // the last commit in it
	At     int64
	Has    bool // there is a body; else the row below is the base, or nothing is
	Pieces int64
	Size   int64
	Sum    [32]byte

	Row     bool // there was a JSON row when it was last written, or looked at
	RowSum  [32]byte
	RowUpto int64 // the last commit in the JSON row, if we have written it; else -1
	Alone   bool  // the JSON row was written last, without a body
}

const (
	keyHead = "head"
	keyBase = "base"
)

func putMeta[T any](c *conn, key string, v *T) error {
	b, err := binary.Append(nil, binary.BigEndian, v)
	if err != nil {
		return err
	}
	// OR REPLACE would write the index anew as well, each time.
	_, err = c.run(`INSERT INTO rsigmad_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, seal([]byte("meta "+key), b))
	return err
}

// meta reads a record; a missing one is left as it is. bad says what is wrong with the stored one.
func meta[T any](c *conn, key string, v *T) (found bool, bad, err error) {
	var b []byte
	found, err = c.one(`SELECT value FROM rsigmad_meta WHERE key = ?`, []any{key}, &b)
	if err != nil || !found {
		return false, nil, err
	}
	body, err := unseal([]byte("meta "+key), b)
	if err == nil && len(body) != binary.Size(v) {
		err = errFormat
	}
	if err == nil {
		err = binary.Read(bytes.NewReader(body), binary.BigEndian, v)
	}
	if err != nil {
		return true, fmt.Errorf("record %s: %w", key, err), nil
	}
	return true, nil, nil
}
