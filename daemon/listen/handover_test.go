package listen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestASocketChangesHandsUnderLoad has listeners take a socket over from each other while clients send requests without a pause: all of
// them are answered, none is refused or broken off.
func TestASocketChangesHandsUnderLoad(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	plain := Options{Addr: "127.0.0.1:0"}
	for name, opts := range map[string]Options{"plain": plain, "tls": a.server("localhost", time.Hour), "unix": {Addr: "unix://" + filepath.Join(t.TempDir(), "s")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts.MaxConns = 100
			var answers [6]atomic.Int64 // by listener
			start := func(i int, inherited *os.File) (*Listener, *Server) {
				opts := opts
				opts.Inherited, opts.Paused = inherited, inherited != nil
				l, err := Listen(t.Context(), opts)
				if err != nil {
					t.Fatal(err)
				}
				s := l.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(w, r.Body)
					answers[i].Add(1)
				}))
				go s.Serve()
				return l, s
			}
			l, s := start(0, nil)
			addr := l.Addr()
			stop := make(chan struct{})
			var clients sync.WaitGroup
			for c := range 4 {
				tr := &http.Transport{TLSClientConfig: a.client(""), Protocols: new(http.Protocols), DisableKeepAlives: c == 3}
				tr.TLSClientConfig.NextProtos = nil
				tr.Protocols.SetHTTP1(c%2 == 1)
				tr.Protocols.SetHTTP2(c%2 == 0 && opts.hasTLS())
				tr.Protocols.SetUnencryptedHTTP2(c%2 == 0 && !opts.hasTLS())
				tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
				}
				clients.Go(func() {
					defer tr.CloseIdleConnections()
					url := "http://localhost/"
					if l.TLS() {
						url = "https://localhost/"
					}
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						default:
						}
						text := fmt.Sprintf("%d %s", n, strings.Repeat("x", n%5000))
						resp, err := (&http.Client{Transport: tr}).Post(url, "text/plain", &slowly{strings.NewReader(text)})
						if err != nil {
							t.Errorf("client %d, request %d: %v", c, n, err)
							return
						}
						got, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						if err != nil || string(got) != text {
							t.Errorf("client %d, request %d: %d bytes, %v", c, n, len(got), err)
						}
					}
				})
			}
			for i := 1; i < len(answers); i++ {
				for answers[i-1].Load() < 20 {
					time.Sleep(time.Millisecond)
				}
				f, err := l.Duplicate("api")
				if err != nil {
					t.Fatal(err)
				}
				l2, s2 := start(i, f)
				f.Close()
				s.Retire()
				time.Sleep(50 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				s.Leave(ctx)
				if ctx.Err() != nil {
					t.Error("the requests did not come to an end")
				}
				cancel()
				if n := answers[i].Load(); n != 0 {
					t.Errorf("%d requests were answered before the listener was resumed", n)
				}
				l2.Resume()
				l, s = l2, s2
			}
			for answers[len(answers)-1].Load() < 20 {
				time.Sleep(time.Millisecond)
			}
			close(stop)
			clients.Wait()
			s.Stop(t.Context())
			if addr, ok := l.Addr().(*net.UnixAddr); ok {
				os.Remove(addr.Name)
			}
		})
	}
}

// slowly reads a text in pieces with pauses, so that requests are under way at any moment.
type slowly struct{ r *strings.Reader }

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.r.Read(p[:min(len(p), 1000)])
}

// TestADuplicateLeavesTheSocketUnblocked hands a duplicate to a process; afterwards the listener can still be interrupted.
func TestADuplicateLeavesTheSocketUnblocked(t *testing.T) {
	t.Parallel()
	l, err := Listen(t.Context(), Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.Duplicate("api")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Fd() // as os/exec calls it
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	paused := make(chan struct{})
	go func() { l.Pause(); close(paused) }()
	select {
	case <-paused:
	case <-time.After(10 * time.Second):
		t.Fatal("Accept cannot be interrupted")
	}
	l.Close()
	if err := <-accepted; err == nil {
		t.Error("a connection out of nothing")
	}
}

func TestAnInheritedSocketObeysTheSameRules(t *testing.T) {
	t.Parallel()
	open, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	f, err := Duplicate(open, "api")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if l, err := Listen(t.Context(), Options{Inherited: f}); err == nil {
		l.Close()
		t.Error("plaintext for the world to see")
	} else if !strings.Contains(err.Error(), "refusing to bind plaintext") {
		t.Error(err)
	}
	l, err := Listen(t.Context(), Options{Inherited: f, AllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := Listen(t.Context(), Options{Inherited: file}); err == nil {
		t.Error("a file was taken for a socket")
	}
	if _, err := InheritUnix(f); err == nil {
		t.Error("a TCP socket was taken for a Unix socket")
	}
}
