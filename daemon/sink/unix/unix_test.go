package unix

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// server accepts connections one after the other and keeps complete lines.
type server struct {
	l net.Listener

	mu    sync.Mutex
	lines []string
}

func listen(t *testing.T) (*server, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "unixout")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &server{l: l}, path
}

// accept reads one connection until its end, or until it has read limit lines, and closes it then.
func (s *server) accept(limit int) {
	c, err := s.l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 4<<20)
	for range limit {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, strings.TrimSuffix(line, "\n"))
		s.mu.Unlock()
	}
}

const all = 1 << 30

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Sink(t, func(t *testing.T) flowtest.Target {
		srv, path := listen(t)
		sink, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		done := flowtest.Go(func() { srv.accept(all) })
		return flowtest.Target{Sink: sink, Lines: func() []string {
			flowtest.Soon(t, "the server has read everything", done)
			return srv.lines
		}}
	})
}

func TestNobodyListeningIsAnErrorAtTheStart(t *testing.T) {
	t.Parallel()
	srv, path := listen(t)
	srv.l.Close()
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

func TestABrokenConnectionIsReplacedOnce(t *testing.T) {
	t.Parallel()
	srv, path := listen(t)
	sink, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	first := flowtest.Go(func() { srv.accept(1) })
	if n, err := sink.Deliver(t.Context(), [][]byte{[]byte("a")}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	flowtest.Soon(t, "the server hangs up", first)
	second := flowtest.Go(func() { srv.accept(2) })
	if n, err := sink.Deliver(t.Context(), [][]byte{[]byte("b"), []byte("c")}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	flowtest.Soon(t, "the server hangs up again", second)
	if diff := cmp.Diff([]string{"a", "b", "c"}, srv.lines); diff != "" {
		t.Error(diff)
	}
	srv.l.Close()
	if n, err := sink.Deliver(t.Context(), [][]byte{[]byte("d")}); n != 0 || err == nil {
		t.Errorf("nobody listens: %d, %v", n, err)
	}
}

func TestAServerThatDoesNotReadDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	srv, path := listen(t)
	sink, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	c, err := srv.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	done := flowtest.Go(func() {
		line := []byte(strings.Repeat("x", 1<<20))
		close(started)
		for {
			if n, err := sink.Deliver(ctx, [][]byte{line}); err != nil {
				if n != 0 {
					t.Errorf("%d lines with %v", n, err)
				}
				return
			}
		}
	})
	<-started
	cancel()
	flowtest.Soon(t, "the delivery is interrupted", done)
}
