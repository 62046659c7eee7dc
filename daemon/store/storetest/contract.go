// Package storetest holds what every implementation of package store must do, as tests, and a store in memory that can be told to fail,
// for the tests of those who use a store.
package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// Place is where a store is kept: a file, or a Model. At most one store is open on it.
type Place interface {
	// Open opens the store that is there, or makes it.
	Open() (store.Store, error)
	// Crash ends the process that has the store open; nothing is closed.
	Crash()
}

// Powered is a Place that can lose what is not synced.
type Powered interface {
	Place
	// LosePower is Crash that may take the last transactions, as many as r decides.
	LosePower(r *rand.Rand)
}

// Failing is a Place whose disk can fail.
type Failing interface {
	Place
	// Fail makes all that writes fail with err until it is called with nil.
	Fail(err error)
}

// Case is a part of the contract. Test returns what is wrong; it may be given a Place of any kind.
type Case struct {
	Name string
	Test func(r *rand.Rand, p Place) error
}

// Run runs the contract. place makes an empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, c := range Cases() {
		t.Run(strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if err := c.Test(rand.New(rand.NewPCG(seed, 1)), place(t)); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}

// Cases returns the contract.
func Cases() []Case {
	return []Case{
		{"an empty store is empty", testEmpty},
		{"a crash leaves what is committed", testCrash},
		{"commits are numbered one after the other", testNumbers},
		{"a base replaces the log up to its commit", testBase},
		{"commits go on while a base is saved", testConcurrentBase},
		{"delivered results do not come back", testDelivered},
		{"the JSON row counts if it was written last", testRowAlone},
		{"a row without a position keeps the position", testSequence},
		{"a clean stop is known until something is written", testClean},
		{"a base may go beyond positions", testForget},
		{"clear leaves results, numbers and some positions", testClear},
		{"replies are kept and forgotten", testReplies},
		{"replies are forgotten after a clock was set back", testRepliesOfOtherClocks},
		{"values are kept", testValues},
		{"memory of the caller stays his own", testMemory},
		{"a store is opened once", testOnce},
		{"a call that is cancelled changes nothing", testCancelled},
		{"any history can be loaded", testWalk},
		{"a loss of power leaves a beginning", testPower},
		{"a full disk changes nothing and passes", testFull},
		{"any other failure is for ever", testBroken},
	}
}

var bg = context.Background()

// opened opens a place and loads.
func opened(p Place) (store.Store, *store.Saved, error) {
	s, err := p.Open()
	if err != nil {
		return nil, nil, err
	}
	saved, err := s.Load(bg)
	return s, saved, err
}

// do applies an operation to the store and adds it to the history.
func do(s store.Store, h *history, op any) error {
	var err error
	switch op := op.(type) {
	case *store.Group:
		err = s.Commit(bg, op)
	case *store.Base:
		err = s.SaveBase(bg, op)
	case cleared:
		err = s.Clear(bg, isKept)
	}
	if err == nil {
		*h = append(*h, op)
	}
	return err
}

// isKept says which positions stay when a store is cleared.
func isKept(source string) bool { return source == "source 1" }

// reload crashes the store, opens it again and checks what it holds.
func reload(p Place, h history) (store.Store, error) {
	p.Crash()
	s, saved, err := opened(p)
	if err == nil {
		err = h.check(saved)
	}
	return s, err
}

func body(r *rand.Rand, max int) []byte {
	n := r.IntN(max + 1)
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n:n]
}

// group returns a random commit with a number.
func group(r *rand.Rand, seq int64) *store.Group {
	g := &store.Group{Seq: seq}
	if r.IntN(4) > 0 {
		g.Delta = body(r, 5000)
	}
	if r.IntN(2) > 0 {
		g.Outbox = body(r, 5000)
	}
	for i := range r.IntN(4) {
		g.Positions = append(g.Positions, store.Position{
			Source: fmt.Sprint("source ", i), Identity: fmt.Sprint("stream ", r.IntN(2)), Floor: seq, Time: int64(r.Uint64()), Extra: body(r, 20),
		})
	}
	if r.IntN(3) == 0 {
		g.Delivered = r.Int64N(seq + 1)
	}
	return g
}

// groups commits n groups.
func groups(r *rand.Rand, s store.Store, h *history, n int) error {
	for range n {
		if err := do(s, h, group(r, h.last()+1)); err != nil {
			return err
		}
	}
	return nil
}

func base(r *rand.Rand, upto int64) *store.Base {
	b := &store.Base{Upto: upto, At: time.Unix(r.Int64N(1<<32), r.Int64N(1e9))}
	kind := r.IntN(4)
	if kind > 0 {
		size := 1000
		if r.IntN(3) == 0 {
			size = 600_000
		}
		b.Body = body(r, size)
	}
	if kind < 2 {
		b.Snapshot = []byte(fmt.Sprintf(`{"version":1,"n":%d}`, r.Uint64()))
		if r.IntN(2) == 0 {
			b.SourceSequence, b.SourceTime = new(upto), new(b.At.Unix())
		}
	}
	return b
}

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

func numbered(g *store.Group, seq int64) *store.Group {
	g.Seq = seq
	return g
}
