package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/store"
)

var bg = context.Background()

// The workload has a known answer: everything in it follows from the numbers of the commits. Every third commit changes nothing,
// every fifth has no results, and what is older than 20 commits is delivered.

func isQuiet(seq int64) bool   { return seq%3 == 0 }
func isSilent(seq int64) bool  { return seq%5 == 0 }
func delivered(g int64) int64  { return max(g-20, 0) }
func bodyOf(seq int64) []byte  { return bytes.Repeat(fmt.Appendf(nil, "%d,", seq), int(seq*seq%3001)) }
func baseOf(upto int64) []byte { return bytes.Repeat(fmt.Appendf(nil, "base %d,", upto), 50_000) }

func workGroup(seq int64) *store.Group {
	g := &store.Group{Seq: seq, Delivered: delivered(seq)}
	if !isQuiet(seq) {
		g.Delta = bodyOf(seq)
	}
	if !isSilent(seq) {
		g.Outbox = bodyOf(-seq)
	}
	for i := range int64(3) {
		g.Positions = append(g.Positions, store.Position{Source: fmt.Sprint("s", i), Identity: "stream", Floor: seq * (i + 1), Time: -seq, Extra: bodyOf(seq % 10)})
	}
	return g
}

// checkWork compares what was loaded with the answer. The state may begin at any base, or with nothing.
func checkWork(saved *store.Saved) error {
	last, upto := saved.Last, int64(0)
	if saved.Base != nil {
		upto = saved.Base.Upto
		if !bytes.Equal(saved.Base.Body, baseOf(upto)) {
			return fmt.Errorf("the base is not that of commit %d", upto)
		}
	}
	if upto > last {
		return fmt.Errorf("the base is of commit %d, and the last one is %d", upto, last)
	}
	if err := checkRows("log", saved.Deltas, upto, last, isQuiet, 1); err != nil {
		return err
	}
	if err := checkRows("outbox", saved.Outbox, delivered(last), last, isSilent, -1); err != nil {
		return err
	}
	if last == 0 {
		if len(saved.Positions) > 0 {
			return errors.New("there are positions before the first commit")
		}
		return nil
	}
	if len(saved.Positions) != 3 {
		return fmt.Errorf("%d positions", len(saved.Positions))
	}
	for i, p := range saved.Positions {
		if p.Floor != last*int64(i+1) || p.Time != -last || !bytes.Equal(p.Extra, bodyOf(last%10)) {
			return fmt.Errorf("position %d is %d, and the last commit %d", i, p.Floor, last)
		}
	}
	return nil
}

func checkRows(what string, rows []store.Row, from, to int64, without func(int64) bool, sign int64) error {
	for seq := from + 1; seq <= to; seq++ {
		if without(seq) {
			continue
		}
		if len(rows) == 0 || rows[0].Seq != seq || !bytes.Equal(rows[0].Body, bodyOf(sign*seq)) {
			return fmt.Errorf("%s: commit %d of %d to %d is missing or wrong", what, seq, from+1, to)
		}
		rows = rows[1:]
	}
	if len(rows) > 0 {
		return fmt.Errorf("%s: commit %d is too much", what, rows[0].Seq)
	}
	return nil
}

// work commits up to last, and saves bases now and then.
func work(s store.Store, r *rand.Rand, from, last int64) error {
	for seq := from; seq <= last; seq++ {
		if err := s.Commit(bg, workGroup(seq)); err != nil {
			return err
		}
		if r.IntN(25) == 0 {
			upto := seq - r.Int64N(3)
			if err := s.SaveBase(bg, &store.Base{Upto: max(upto, 1), Body: baseOf(max(upto, 1))}); err != nil && !isRefused(err) {
				return err
			}
		}
	}
	return nil
}

func isRefused(err error) bool {
	var r refused
	return errors.As(err, &r)
}

func (p *place) load() (*Store, *store.Saved, error) {
	if _, err := p.Open(); err != nil {
		return nil, nil, err
	}
	saved, err := p.open.Load(bg)
	return p.open, saved, err
}

func mustLoad(t testing.TB, p *place) (*Store, *store.Saved) {
	t.Helper()
	s, saved, err := p.load()
	if err != nil {
		t.Fatal(err)
	}
	return s, saved
}

// quickDir is a directory in memory, if there is one: for tests that open very many files.
func quickDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "rsigma-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func soak() bool { return os.Getenv("RSIGMA_SOAK") == "1" }

func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 2))
}

// hasFault reports whether exactly one fault holds all of the parts.
func hasFault(saved *store.Saved, parts ...string) bool {
	if len(saved.Faults) != 1 {
		return false
	}
	for _, p := range parts {
		if !strings.Contains(saved.Faults[0], p) {
			return false
		}
	}
	return true
}

func isEmpty(s *store.Saved) bool {
	return s.Base == nil && s.Deltas == nil && s.Outbox == nil && s.Positions == nil && s.Snapshot == nil
}
