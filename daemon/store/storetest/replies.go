package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

func testReplies(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	at := func(i int) time.Time { return time.Unix(int64(i), 0) }
	for i := range 100 {
		err := s.Commit(bg, &store.Group{Seq: int64(i + 1), Replies: []store.Reply{
			{Key: fmt.Sprint(i), Body: []byte{byte(i)}, At: at(i)}, {Key: "last", Body: []byte{byte(i)}, At: at(i)},
		}})
		if err != nil {
			return err
		}
	}
	p.Crash()
	if s, _, err = opened(p); err != nil {
		return err
	}
	has := func(first int) error {
		for i := range 100 {
			b, ok, err := s.Reply(bg, fmt.Sprint(i))
			if err != nil {
				return err
			}
			if ok != (i >= first) || ok && (len(b) != 1 || b[0] != byte(i)) {
				return fmt.Errorf("reply %d is %v, %v; those from %d on are kept", i, b, ok, first)
			}
		}
		if b, ok, err := s.Reply(bg, "last"); err != nil || !ok || string(b) != "c" {
			return fmt.Errorf("the reply of a key that is used often is %q, %v, %v", b, ok, err)
		}
		return nil
	}
	for _, step := range []struct{ before, keep, first int }{{0, 1000, 0}, {20, 1000, 20}, {0, 41, 60}, {0, 41, 60}, {70, 31, 70}} {
		if err := s.ForgetReplies(bg, at(step.before), at(1000), step.keep); err != nil {
			return err
		}
		if err := has(step.first); err != nil {
			return err
		}
	}
	return nil
}

// testRepliesOfOtherClocks writes replies 0 to 9, sets the clock back, and writes replies 10 to 19.
func testRepliesOfOtherClocks(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	at := func(i int) time.Time { return time.Unix(int64(i), 0) }
	for i := range 20 {
		stamp := at(i)
		if i < 10 {
			stamp = at(1000 + i)
		}
		if err := s.Commit(bg, &store.Group{Seq: int64(i + 1), Replies: []store.Reply{{Key: fmt.Sprint(i), Body: []byte{1}, At: stamp}}}); err != nil {
			return err
		}
	}
	for _, step := range []struct{ from, to, keep, first, last int }{
		{0, 2000, 15, 5, 19}, // those that were written last stay, not those with the latest time
		{0, 500, 100, 10, 19},
		{12, 500, 100, 12, 19},
		{12, 17, 100, 12, 17},
	} {
		if err := s.ForgetReplies(bg, at(step.from), at(step.to), step.keep); err != nil {
			return err
		}
		for i := range 20 {
			_, ok, err := s.Reply(bg, fmt.Sprint(i))
			if err != nil {
				return err
			}
			if want := step.first <= i && i <= step.last; ok != want {
				return fmt.Errorf("%+v: reply %d is there: %v", step, i, ok)
			}
		}
	}
	return nil
}
