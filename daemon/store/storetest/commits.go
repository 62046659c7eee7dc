package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

func testEmpty(r *rand.Rand, p Place) error {
	s, saved, err := opened(p)
	if err != nil {
		return err
	}
	if err := (history{}).check(saved); err != nil {
		return err
	}
	if err := s.SaveBase(bg, &store.Base{}); err != nil {
		return fmt.Errorf("a base without anything: %w", err)
	}
	if _, err := reload(p, nil); err != nil {
		return err
	}
	return nil
}

func testCrash(r *rand.Rand, p Place) error {
	var h history
	s, _, err := opened(p)
	for round := 0; round < 4 && err == nil; round++ {
		for i := 0; i < 20 && err == nil; i++ {
			err = do(s, &h, group(r, h.last()+1))
		}
		if err == nil {
			s, err = reload(p, h)
		}
	}
	return err
}

func testNumbers(r *rand.Rand, p Place) error {
	s, err := p.Open()
	if err != nil {
		return err
	}
	if err := s.Commit(bg, group(r, 1)); err == nil {
		return errors.New("a commit before Load was taken")
	}
	if _, err := s.Load(bg); err != nil {
		return err
	}
	if _, err := s.Load(bg); err == nil {
		return errors.New("a second Load was answered")
	}
	var h history
	for i := range int64(5) {
		for _, wrong := range []int64{i, i + 2, 0, -1} {
			if err := s.Commit(bg, numbered(group(r, max(wrong, 1)), wrong)); err == nil {
				return fmt.Errorf("commit %d was taken after %d", wrong, i)
			}
		}
		if err := do(s, &h, group(r, i+1)); err != nil {
			return err
		}
	}
	for _, upto := range []int64{-1, 6} {
		if err := s.SaveBase(bg, &store.Base{Upto: upto, Body: []byte("x")}); err == nil {
			return fmt.Errorf("a base of commit %d was taken after 5", upto)
		}
	}
	_, err = reload(p, h)
	return err
}

func testValues(r *rand.Rand, p Place) error {
	s, err := p.Open()
	if err != nil {
		return err
	}
	v := s.Values()
	texts := []string{"", "a", `{"x":["ä",1]}`, strings.Repeat("long", 100000)}
	for i := range 8 {
		x := store.Value{Text: []byte(texts[i%4]), Declaration: fmt.Sprint("hash ", i), At: time.Unix(int64(i), 7)}
		if err := v.Save(fmt.Sprint(i%4), x); err != nil {
			return err
		}
	}
	if err := errors.Join(v.Delete("3"), v.Delete("is not there")); err != nil {
		return err
	}
	p.Crash()
	if s, err = p.Open(); err != nil {
		return err
	}
	v = s.Values() // before Load: sources are resolved first
	for i, text := range texts {
		x, ok, err := v.Load(fmt.Sprint(i))
		if err != nil {
			return err
		}
		if ok != (i < 3) || ok && (string(x.Text) != text || x.Declaration != fmt.Sprint("hash ", i+4) || !x.At.Equal(time.Unix(int64(i+4), 7))) {
			return fmt.Errorf("value %d is %+v, %v", i, x, ok)
		}
	}
	return nil
}

func testMemory(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	g := &store.Group{Seq: 1, Delta: []byte("delta"), Outbox: []byte("outbox"), Replies: []store.Reply{{Key: "k", Body: []byte("reply")}},
		Positions: []store.Position{{Source: "s", Floor: 1, Extra: []byte("extra")}}}
	want := cloneGroup(g)
	if err := s.Commit(bg, g); err != nil {
		return err
	}
	for _, b := range [][]byte{g.Delta, g.Outbox, g.Replies[0].Body, g.Positions[0].Extra} {
		clear(b)
	}
	g.Positions[0].Floor = 5
	if b, _, err := s.Reply(bg, "k"); err != nil || string(b) != "reply" {
		return fmt.Errorf("the reply is %q, %v", b, err)
	}
	_, err = reload(p, history{want})
	return err
}

func testOnce(r *rand.Rand, p Place) error {
	s, _, err := opened(p)
	if err != nil {
		return err
	}
	if _, err := p.Open(); !errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("a second Open: %v", err)
	}
	if err := errors.Join(s.Close(false), s.Close(true)); err != nil {
		return err
	}
	_, _, err1 := s.Reply(bg, "x")
	_, _, err2 := s.Values().Load("x")
	for i, err := range []error{s.Commit(bg, group(r, 1)), s.SaveBase(bg, &store.Base{Body: []byte{}}), s.Clear(bg, nil), err1, err2} {
		if err == nil {
			return fmt.Errorf("call %d on a closed store is answered", i)
		}
	}
	s, saved, err := opened(p)
	if err != nil {
		return err
	}
	if saved.Clean {
		return errors.New("a second Close has made the stop clean")
	}
	return s.Close(true)
}

// step does something at random.
func step(r *rand.Rand, s store.Store, h *history, upto *int64) error {
	switch x := r.IntN(40); {
	case x == 0:
		*upto = h.last()
		return do(s, h, cleared{})
	case x < 5:
		return stepBase(r, s, h, upto)
	}
	return do(s, h, group(r, h.last()+1))
}

// stepBase saves a base of some commit from upto on.
func stepBase(r *rand.Rand, s store.Store, h *history, upto *int64) error {
	b := base(r, *upto+r.Int64N(h.last()-*upto+1))
	switch {
	case b.Body != nil:
		*upto = b.Upto
	case !logAfter(*h, b.Upto):
		return nil // then the row would be the base, which testRowAlone looks at
	}
	return do(s, h, b)
}

func logAfter(h history, upto int64) bool {
	d := h.expected().Deltas
	return len(d) > 0 && d[len(d)-1].Seq > upto
}

func testWalk(r *rand.Rand, p Place) error {
	var h history
	upto := int64(0)
	s, _, err := opened(p)
	for i := 0; i < 300 && err == nil; i++ {
		if r.IntN(10) == 0 {
			if r.IntN(2) == 0 {
				if err := s.Close(r.IntN(2) == 0); err != nil {
					return err
				}
			}
			s, err = reload(p, h)
			continue
		}
		err = step(r, s, &h, &upto)
	}
	if err == nil {
		_, err = reload(p, h)
	}
	return err
}

func testPower(r *rand.Rand, p Place) error {
	powered, ok := p.(Powered)
	if !ok {
		return nil
	}
	var h history
	upto := int64(0)
	s, _, err := opened(p)
	for round := 0; round < 40 && err == nil; round++ {
		n := r.IntN(20)
		if round%2 == 0 {
			n = r.IntN(4) // a short walk and then a base: power is lost within it often
		}
		for ; n > 0 && err == nil; n-- {
			err = step(r, s, &h, &upto)
		}
		if round%2 == 0 && err == nil {
			err = stepBase(r, s, &h, &upto)
		}
		if err != nil {
			return err
		}
		powered.LosePower(r)
		var saved *store.Saved
		if s, saved, err = opened(p); err != nil {
			return err
		}
		n, err := h.checkPrefix(saved)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		h = h[:n]
		upto = h.upto()
	}
	return err
}

// upto is the least commit of which a base may be saved.
func (h history) upto() (n int64) {
	for i, op := range h {
		switch op := op.(type) {
		case cleared:
			n = h[:i].last()
		case *store.Base:
			if op.Body != nil {
				n = op.Upto
			}
		}
	}
	return n
}
