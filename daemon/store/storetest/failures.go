package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/rsigma-go/rsigma/daemon/store"
)

func testCancelled(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	for i, err := range []error{s.Commit(ctx, group(r, 1)), s.SaveBase(ctx, &store.Base{Body: []byte("x")}), s.Clear(ctx, nil)} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("call %d: %v", i, err)
		}
	}
	var h history
	if err := do(s, &h, group(r, 1)); err != nil {
		return err
	}
	_, err = reload(p, h)
	return err
}

func testFull(r *rand.Rand, p Place) error {
	failing, ok := p.(Failing)
	if !ok {
		return nil
	}
	var h history
	upto := int64(0)
	s, _, err := opened(p)
	for i := 0; i < 60 && err == nil; i++ {
		if i%3 == 0 {
			want := []error{store.ErrFull, store.ErrBusy}[i%2]
			failing.Fail(fmt.Errorf("wrapped: %w", want))
			for range 3 {
				was := upto
				tried := append(history(nil), h...)
				if err := step(r, s, &tried, &upto); len(tried) > len(h) || err != nil && !errors.Is(err, want) {
					return fmt.Errorf("with a full disk: %v", err)
				}
				upto = was
			}
			failing.Fail(nil)
			if r.IntN(2) == 0 {
				if s, err = reload(p, h); err != nil {
					return err
				}
			}
		}
		err = step(r, s, &h, &upto)
	}
	if err == nil {
		_, err = reload(p, h)
	}
	return err
}

func testBroken(r *rand.Rand, p Place) error {
	failing, ok := p.(Failing)
	if !ok {
		return nil
	}
	var h history
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	if err := do(s, &h, group(r, 1)); err != nil {
		return err
	}
	failing.Fail(errors.New("input/output error"))
	if err := s.Commit(bg, group(r, 2)); err == nil {
		return errors.New("a commit on a broken disk was taken")
	}
	failing.Fail(nil)
	if err := s.Commit(bg, group(r, 2)); err == nil {
		return errors.New("a commit was taken after the disk had failed")
	}
	if err := s.Close(true); err == nil {
		return errors.New("the stop is clean after the disk had failed")
	}
	_, err = reload(p, h)
	return err
}
