package unix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// socket returns a path that is short enough for a socket.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "unixin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func open(t *testing.T, path string) *Input {
	t.Helper()
	in, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(t *testing.T) flowtest.Source {
		path := socket(t)
		in := open(t, path)
		stop := make(chan struct{})
		return flowtest.Source{
			Input: in, Type: "unix",
			Send: func(events []string) {
				c, err := net.Dial("unix", path)
				if err != nil {
					return
				}
				sent := flowtest.Go(func() { io.WriteString(c, strings.Join(events, "\n")) })
				select {
				case <-sent:
				case <-stop:
				}
				c.Close()
				<-sent
			},
			Stop: func() { close(stop) },
		}
	})
}

func TestClientsAreReadAtTheSameTime(t *testing.T) {
	t.Parallel()
	path := socket(t)
	in := open(t, path)
	defer in.Close()
	intake := flow.NewIntake(1000, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- in.Run(ctx, intake) }()
	silent, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var clients sync.WaitGroup
	for id := range 10 {
		clients.Go(func() {
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for i := range 50 {
				fmt.Fprintf(c, "%d %d\n", id, i)
			}
		})
	}
	next := [10]int{}
	done := flowtest.Go(func() {
		for range 500 {
			got, _ := intake.Take(ctx, nil, 1)
			var id, i int
			if len(got) != 1 {
				return
			}
			fmt.Sscan(string(got[0].Data), &id, &i)
			if i != next[id] {
				t.Errorf("client %d: event %d, want %d", id, i, next[id])
			}
			next[id]++
		}
	})
	flowtest.Soon(t, "all events have arrived", done)
	clients.Wait()
	cancel()
	if err := flowtest.Soon(t, "the input has returned, in spite of the silent client", ran); err != nil {
		t.Error(err)
	}
}

func TestALongLineCostsThatLineOnly(t *testing.T) {
	t.Parallel()
	path := socket(t)
	in := open(t, path)
	defer in.Close()
	intake := flow.NewIntake(10, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- in.Run(ctx, intake) }()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "a\n"+strings.Repeat("x", frame.MaxLine+1)+"\nb\n")
	c.Close()
	for _, want := range []string{"a", "x", "b"} {
		got, _ := intake.Take(t.Context(), nil, 1)
		if string(got[0].Data[:1]) != want || (want == "x") != errors.Is(got[0].Err, frame.ErrTooLong) {
			t.Errorf("%.3q with error %v, want %s", got[0].Data, got[0].Err, want)
		}
	}
	cancel()
	flowtest.Soon(t, "the input has returned", ran)
}

func TestTheSocketIsPrivateAndRemovedAtTheEnd(t *testing.T) {
	t.Parallel()
	path := socket(t)
	in := open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := Open(path, nil); err == nil {
		t.Error("a socket that is in use was taken over")
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestAStaleSocketIsReplacedAndAFileIsNot(t *testing.T) {
	t.Parallel()
	path := socket(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	open(t, path).Close()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil); err == nil {
		t.Error("a file was taken for a socket")
	}
	if text, _ := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("the file is now %q", text)
	}
}

func TestASocketIsHandedOn(t *testing.T) {
	t.Parallel()
	path := socket(t)
	first := open(t, path)
	f, err := first.Duplicate("events")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first.KeepFile()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", path) // nobody accepts now
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "a\n")
	c.Close()
	second, err := Inherit(f, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	intake := flow.NewIntake(10, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- second.Run(ctx, intake) }()
	if got, _ := intake.Take(t.Context(), nil, 1); len(got) != 1 || string(got[0].Data) != "a" {
		t.Errorf("got %v", got)
	}
	cancel()
	flowtest.Soon(t, "the input has returned", ran)
}
