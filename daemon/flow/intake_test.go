package flow_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

func TestAFullIntakeIsCountedOnceForEachMessageThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		received, waited := 0, 0
		in := flow.NewIntake(1, flow.IntakeHooks{
			Received: func(*flow.Origin) { received++ }, BackPressure: func(*flow.Origin) { waited++ },
		})
		if err := in.Put(t.Context(), flow.Message{}); err != nil || waited != 0 {
			t.Fatalf("%v, %d waited", err, waited)
		}
		done := make(chan error)
		go func() { done <- in.Put(t.Context(), flow.Message{}) }()
		synctest.Wait()
		if received != 1 || waited != 1 {
			t.Errorf("%d received, %d waited, while one waits", received, waited)
		}
		in.Take(t.Context(), nil, 1)
		if err := <-done; err != nil || received != 2 || waited != 1 {
			t.Errorf("%v, %d received, %d waited", err, received, waited)
		}
	})
}

func TestAnIntakeTakesNothingFromWhoIsToldToStop(t *testing.T) {
	t.Parallel()
	received := 0
	in := flow.NewIntake(5, flow.IntakeHooks{Received: func(*flow.Origin) { received++ }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.Put(ctx, flow.Message{}); !errors.Is(err, context.Canceled) {
		t.Errorf("put after cancel: %v", err)
	}
	in.Close()
	if err := in.Put(t.Context(), flow.Message{}); !errors.Is(err, flow.ErrClosed) {
		t.Errorf("put after close: %v", err)
	}
	if n, _ := in.Len(); n != 0 || received != 0 {
		t.Errorf("%d messages, %d received", n, received)
	}
}

func TestLinesOwnTheirBytesAndShareBlocks(t *testing.T) {
	t.Parallel()
	const n = 5000
	line := strings.Repeat("x", 99)
	l := flow.NewLines(iotest.HalfReader(strings.NewReader(strings.Repeat(line+"\n", n))), &flow.Origin{Type: "stdin"})
	var got []flow.Message
	for {
		m, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	neighbours := 0
	for i, m := range got {
		if string(m.Data) != line || m.Number != int64(i+1) || cap(m.Data) != len(m.Data) {
			t.Fatalf("message %d: %.20q, number %d, room for %d", i, m.Data, m.Number, cap(m.Data))
		}
		if i > 0 && uintptr(unsafe.Pointer(&m.Data[0]))-uintptr(unsafe.Pointer(&got[i-1].Data[0])) == 99 {
			neighbours++
		}
	}
	if len(got) != n || neighbours < n*9/10 {
		t.Errorf("%d messages, %d in the block of the one before", len(got), neighbours)
	}
}

func TestALineOverTheLimitIsAMessageWithAnError(t *testing.T) {
	t.Parallel()
	in := flow.NewIntake(9, flow.IntakeHooks{})
	text := "a\n" + strings.Repeat("y", 3<<20) + "\n\nb"
	if err := flow.NewLines(strings.NewReader(text), &flow.Origin{}).Forward(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range in.Rest() {
		got = append(got, string(m.Data[:1]))
		if long := m.Data[0] == 'y'; long != errors.Is(m.Err, frame.ErrTooLong) || long && len(m.Data) != 4<<10 {
			t.Errorf("%.5q: %d bytes, error %v", m.Data, len(m.Data), m.Err)
		}
	}
	if diff := cmp.Diff([]string{"a", "y", "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAReadErrorEndsLines(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	in := flow.NewIntake(9, flow.IntakeHooks{})
	r := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(boom))
	if err := flow.NewLines(r, &flow.Origin{}).Forward(t.Context(), in); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	if n, _ := in.Len(); n != 1 {
		t.Errorf("%d messages; a line that breaks off is none", n)
	}
}
