package stdin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(*testing.T) flowtest.Source {
		r, w := io.Pipe()
		return flowtest.Source{
			Input: New(r), Type: "stdin",
			Send: func(events []string) { io.WriteString(w, strings.Join(events, "\n")+"\n") },
			Stop: func() { w.Close() },
		}
	})
}

func TestAReadThatBlocksDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	intake := flow.NewIntake(5, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- New(r).Run(ctx, intake) }()
	io.WriteString(w, "a\n")
	if got, _ := intake.Take(t.Context(), nil, 1); len(got) != 1 || got[0].Number != 1 {
		t.Fatalf("got %v", got)
	}
	cancel()
	if err := flowtest.Soon(t, "the input has returned", ran); err != nil {
		t.Error(err)
	}
	io.WriteString(w, "b\n") // is read by what was left behind
	w.Close()
	if n, _ := intake.Len(); n > 0 {
		t.Errorf("%d events after the end", n)
	}
}

func TestAReadErrorIsReportedAfterWhatCameBefore(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	intake := flow.NewIntake(5, flow.IntakeHooks{})
	err := New(io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(boom))).Run(t.Context(), intake)
	if n, _ := intake.Len(); !errors.Is(err, boom) || n != 2 {
		t.Errorf("%d events, error %v", n, err)
	}
	if err := New(strings.NewReader("a")).Run(t.Context(), intake); err != nil {
		t.Errorf("the end is no error: %v", err)
	}
}

// TestWhatIsNotPutGoesToTheNextInput stops inputs again and again, at random moments, while a pipe is being filled: read one after the
// other they give each line once, in order, with its number.
func TestWhatIsNotPutGoesToTheNextInput(t *testing.T) {
	t.Parallel()
	if n, inputs := relay(t, func(rest []byte) []byte { return rest }); n != 0 {
		t.Errorf("%d of the lines were wrong, over %d inputs", n, inputs)
	}
}

// TestARestThatIsDroppedIsNoticed is the negative control of the test above.
func TestARestThatIsDroppedIsNoticed(t *testing.T) {
	t.Parallel()
	if n, inputs := relay(t, func([]byte) []byte { return nil }); n == 0 {
		t.Errorf("nothing was noticed, over %d inputs", inputs)
	}
}

// relay has inputs follow each other and returns how many lines are not what they should be. change changes what an input has left.
func relay(t *testing.T, change func(rest []byte) []byte) (wrong, inputs int) {
	const lines, long = 50_000, 34_567
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var sent sync.WaitGroup
	sent.Go(func() {
		for i := 1; i <= lines; i++ {
			pad := rand.IntN(100)
			if i%long == 0 {
				pad = 1<<20 + 1000 // over the limit
			}
			fmt.Fprintf(w, "%d %s\n", i, strings.Repeat("x", pad))
		}
		w.Close()
	})
	intake := flow.NewIntake(100, flow.IntakeHooks{})
	taken := make(chan int)
	go func() {
		next, wrong := 1, 0
		for {
			got, ok := intake.Take(context.Background(), nil, 10)
			for _, m := range got {
				var n int
				fmt.Sscan(string(m.Data), &n)
				if n != next || m.Number != int64(n) || (m.Err != nil) != (n%long == 0) {
					wrong++
				}
				next = n + 1
			}
			if !ok {
				taken <- wrong + (lines + 1 - next)
				return
			}
		}
	}()
	var rest []byte
	var line int64
	for ended := false; !ended; {
		in := Resume(rest, line, r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(20_000))*time.Microsecond)
		if err := in.Run(ctx, intake); err != nil {
			t.Error(err)
		}
		ended = ctx.Err() == nil
		cancel()
		rest, line = in.Rest()
		rest = change(rest)
		in.Close()
		inputs++
	}
	sent.Wait()
	intake.Close()
	return <-taken, inputs
}
