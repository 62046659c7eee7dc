package flowtest

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipe is an input that reads lines from a pipe. With reuse its messages do not own their bytes; with twice it puts each of them twice.
type pipe struct {
	r            *io.PipeReader
	reuse, twice bool
}

func (p *pipe) Run(ctx context.Context, out *flow.Intake) error {
	stop := context.AfterFunc(ctx, func() { p.r.Close() })
	defer stop()
	lines := bufio.NewReaderSize(p.r, 1<<20)
	for n := int64(1); ; n++ {
		line, err := lines.ReadSlice('\n')
		if err != nil || ctx.Err() != nil {
			return nil
		}
		data := line[:len(line)-1]
		if !p.reuse {
			data = append([]byte(nil), data...)
		}
		m := flow.Message{Data: data, Origin: &flow.Origin{Type: "pipe"}, Number: n}
		for range map[bool]int{false: 1, true: 2}[p.twice] {
			if err := out.Put(ctx, m); err != nil {
				return nil
			}
		}
	}
}

func (p *pipe) Close() error { return nil }

func open(reuse, twice bool) Source {
	r, w := io.Pipe()
	return Source{
		Input: &pipe{r, reuse, twice}, Type: "pipe",
		Send: func(events []string) { io.WriteString(w, strings.Join(events, "\n")+"\n") },
		Stop: func() { w.Close(); r.Close() },
	}
}

func TestAGoodInputPasses(t *testing.T) {
	t.Parallel()
	Input(t, func(*testing.T) Source { return open(false, false) })
}

func TestBadInputsAreFound(t *testing.T) {
	t.Parallel()
	if err := arrive(t, open(true, false), 1000); err == nil {
		t.Error("messages that do not own their bytes pass")
	}
	if err := arrive(t, open(false, true), 1000); err == nil {
		t.Error("messages that come twice pass")
	}
}

func TestAGoodSinkPasses(t *testing.T) {
	t.Parallel()
	Sink(t, func(*testing.T) Target {
		m := &Memory{}
		return Target{Sink: m, Lines: m.Lines}
	})
}

func TestBadAccountsAreFound(t *testing.T) {
	t.Parallel()
	var ledger Ledger
	u := ledger.Unit(2, 0)
	a, b := string(u.Results[0].JSON), string(u.Results[1].JSON)
	for name, delivered := range map[string][]string{
		"lost": {a}, "repeated": {a, b, b}, "reordered": {b, a}, "invented": {a, b, "{}"}, "torn": {a, b[:5]},
	} {
		if ledger.Account().Verify(delivered) == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
	if err := ledger.Account().Verify([]string{a, b}); err != nil {
		t.Error(err)
	}
	if ledger.Settled() == nil {
		t.Error("not acknowledged: no complaint")
	}
	u.Ack.Done(true)
	if err := ledger.Settled(); err != nil {
		t.Error(err)
	}
}
