package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

func testBase(r *rand.Rand, p Place) error {
	var h history
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	upto := int64(0)
	for _, size := range []int{0, 1, 100, 1 << 18, 1<<18 + 1, 3 << 20, 10} {
		if err := groups(r, s, &h, 10); err != nil {
			return err
		}
		upto += r.Int64N(h.last() - upto + 1)
		b := &store.Base{Upto: upto, Body: bytes.Repeat([]byte{byte(size)}, size), At: time.Unix(int64(size), 5)}
		if err := do(s, &h, b); err != nil {
			return err
		}
		if s, err = reload(p, h); err != nil {
			return err
		}
	}
	return nil
}

func testConcurrentBase(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var before, during, bases history
	for range 10 {
		if err := do(s, &before, group(r, before.last()+1)); err != nil {
			return err
		}
	}
	during = before
	var wg sync.WaitGroup
	var errBase, errCommit error
	wg.Go(func() {
		for i := 1; i <= 3 && errBase == nil; i++ {
			errBase = do(s, &bases, &store.Base{Upto: int64(i), Body: bytes.Repeat([]byte{byte(i)}, 5<<20), At: time.Unix(1, 0)})
		}
	})
	wg.Go(func() {
		for i := 0; i < 100 && errCommit == nil; i++ {
			errCommit = do(s, &during, group(r, during.last()+1))
		}
	})
	wg.Wait()
	if err := errors.Join(errBase, errCommit); err != nil {
		return err
	}
	_, err = reload(p, append(during, bases...))
	return err
}

func testDelivered(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var h history
	for i := range int64(600) {
		g := &store.Group{Seq: i + 1, Outbox: []byte(fmt.Sprint("result ", i))}
		if i == 590 {
			g.Delivered = 580
		}
		if err := do(s, &h, g); err != nil {
			return err
		}
	}
	if s, err = reload(p, h); err != nil {
		return err
	}
	for range 3 {
		if err := do(s, &h, &store.Group{Seq: h.last() + 1, Delivered: 100}); err != nil { // does not undeliver
			return err
		}
	}
	_, err = reload(p, h)
	return err
}

func testRowAlone(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var h history
	for i := range int64(4) {
		if err := do(s, &h, &store.Group{Seq: i + 1, Delta: []byte("delta")}); err != nil {
			return err
		}
	}
	if err := do(s, &h, &store.Base{Upto: 2, Body: []byte("base")}); err != nil {
		return err
	}
	// A row of commit 3 is older than the log.
	if err := do(s, &h, &store.Base{Upto: 3, Snapshot: []byte("{}"), At: time.Unix(3, 0)}); err != nil {
		return err
	}
	if s, err = reload(p, h); err != nil {
		return err
	}
	if err := s.SaveBase(bg, &store.Base{Upto: 4, Snapshot: []byte(`{"version":1}`), At: time.Unix(4, 0)}); err != nil {
		return err
	}
	for range 2 {
		p.Crash()
		_, saved, err := opened(p)
		if err != nil {
			return err
		}
		if saved.Base != nil || saved.Deltas != nil || string(saved.Snapshot) != `{"version":1}` || len(saved.Faults) > 0 {
			return fmt.Errorf("the row was written after the last change, and does not count: %+v", saved)
		}
	}
	return nil
}

func testSequence(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var h history
	for _, b := range []*store.Base{
		{Snapshot: []byte("1"), At: time.Unix(1, 0), SourceSequence: new(int64(7)), SourceTime: new(int64(8))},
		{Snapshot: []byte("2"), At: time.Unix(2, 0)},
	} {
		if err := do(s, &h, b); err != nil {
			return err
		}
	}
	_, err = reload(p, h)
	return err
}

func testClean(r *rand.Rand, p Place) error {
	is := func(want bool) (store.Store, error) {
		s, saved, err := opened(p)
		if err == nil && saved.Clean != want {
			err = fmt.Errorf("the stop was clean: %v, want %v", saved.Clean, want)
		}
		return s, err
	}
	s, err := is(false)
	for i := int64(0); i < 3 && err == nil; i++ {
		if err = s.Commit(bg, group(r, i+1)); err != nil {
			return err
		}
		if err = s.Close(true); err != nil {
			return err
		}
		if _, err = is(true); err != nil {
			return err
		}
		p.Crash() // nothing was written: it is still clean
		s, err = is(true)
		if err != nil {
			return err
		}
		if err = s.Values().Save("x", store.Value{}); err != nil {
			return err
		}
		p.Crash()
		s, err = is(false)
	}
	if err == nil {
		err = s.Close(false)
	}
	if err == nil {
		_, err = is(false)
	}
	return err
}

func testForget(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var h history
	for round := 0; round < 3 && err == nil; round++ {
		if err := groups(r, s, &h, 10); err != nil {
			return err
		}
		b := &store.Base{Upto: h.last(), Body: []byte("base"), Snapshot: []byte("{}"), SourceSequence: new(int64(round))}
		if err := do(s, &h, b); err != nil {
			return err
		}
		b = &store.Base{Upto: h.last(), Body: []byte("later"), Snapshot: []byte("{ }"), Forget: func(source string) bool { return !isKept(source) }}
		if err := do(s, &h, b); err != nil {
			return err
		}
		s, err = reload(p, h)
	}
	return err
}

func testClear(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	var h history
	for round := 0; round < 3 && err == nil; round++ {
		if err := groups(r, s, &h, 10); err != nil {
			return err
		}
		if err := do(s, &h, &store.Base{Upto: h.last() - 2, Body: []byte("base"), Snapshot: []byte("{}")}); err != nil {
			return err
		}
		if err := do(s, &h, &store.Group{Seq: h.last() + 1, Outbox: []byte("not delivered"), Delta: []byte("delta")}); err != nil {
			return err
		}
		if err := do(s, &h, cleared{}); err != nil {
			return err
		}
		if round == 1 {
			if err := do(s, &h, group(r, h.last()+1)); err != nil {
				return err
			}
		}
		s, err = reload(p, h)
	}
	return err
}
