package handover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// script names what the test binary does as a successor.
const script = "HANDOVER_TEST_SCRIPT"

func TestMain(m *testing.M) {
	if s := os.Getenv(script); s != "" {
		os.Exit(successor(s))
	}
	goleak.VerifyTestMain(m)
}

// successor plays a second process.
func successor(script string) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := FromEnvironment()
	if err != nil || p == nil {
		fmt.Fprintln(os.Stderr, "no predecessor:", err)
		return 4
	}
	if script == "fails" {
		p.Failed(errors.New("rules are broken"))
		return 3
	}
	sockets, err := Inherited()
	if err != nil {
		p.Failed(err)
		return 3
	}
	if script == "hangs" {
		<-ctx.Done()
	}
	if p.Prepared(ctx) != nil {
		return 5
	}
	parcel, err := p.Receive(ctx)
	if err != nil {
		return 6
	}
	switch script {
	case "dies":
		return 7
	case "refuses":
		p.Failed(errors.New("the disk is full"))
		return 3
	}
	if err := p.Opened(ctx); err != nil {
		return 8
	}
	return serve(sockets[SocketAPI], parcel)
}

// serve answers one client with what this process has got.
func serve(socket *os.File, parcel *Parcel) int {
	l, err := net.FileListener(socket)
	if err != nil {
		return 9
	}
	c, err := l.Accept()
	if err != nil {
		return 10
	}
	defer c.Close()
	left := slices.ContainsFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "LISTEN_") || strings.HasPrefix(e, variable) })
	fmt.Fprintf(c, "%s %d %d %v %s", parcel.Rest, parcel.Lines, len(parcel.Correlations), left, strings.Join(os.Args[1:], " "))
	return 0
}

// begin starts a successor that follows a script, with a listening socket. It is not parallel: the environment is the test's.
func begin(t *testing.T, name string) (*Successor, net.Addr) {
	t.Helper()
	t.Setenv(script, name)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	named := os.NewFile(uintptr(fd), SocketAPI)
	defer named.Close()
	s, err := Start(Options{Binary: os.Args[0], Args: []string{"x", "y z"}, Sockets: []*os.File{named}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s, l.Addr()
}

func TestASuccessorGetsEverything(t *testing.T) {
	s, addr := begin(t, "takes over")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Prepared(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Give(ctx, &Parcel{Rest: []byte("half a li"), Lines: 12, Correlations: bytes.Repeat([]byte("c"), 10<<20)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Go(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, _ := io.ReadAll(c); string(got) != "half a li 12 10485760 false x y z" {
		t.Errorf("got %q", got)
	}
	<-s.ended
	if !s.cmd.ProcessState.Success() {
		t.Error(s.cmd.ProcessState)
	}
}

// TestASuccessorWithoutAPredecessor has the first process die: before the parcel the second one ends, afterwards it has everything.
func TestASuccessorWithoutAPredecessor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, given := range []bool{false, true} {
		s, addr := begin(t, "takes over")
		if err := s.Prepared(ctx); err != nil {
			t.Fatal(err)
		}
		if given {
			if err := s.Give(ctx, &Parcel{Rest: []byte("half a li")}); err != nil {
				t.Fatal(err)
			}
		}
		s.conn.close() // as the end of the process would
		if given {
			c, err := net.Dial(addr.Network(), addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got, _ := io.ReadAll(c); !bytes.HasPrefix(got, []byte("half a li")) {
				t.Errorf("got %q", got)
			}
		}
		<-s.ended
		if got := s.cmd.ProcessState.ExitCode(); got != map[bool]int{false: 6, true: 0}[given] {
			t.Errorf("given %v: %s", given, s.cmd.ProcessState)
		}
	}
}

func TestWhatASuccessorDoesWrongIsToldInWords(t *testing.T) {
	for _, c := range []struct{ script, prepared, given string }{
		{"fails", "rules are broken", ""},
		{"hangs", "did not say anything in time", ""},
		{"dies", "", "exit status 7"},
		{"refuses", "", "the disk is full"},
	} {
		s, _ := begin(t, c.script)
		limit := time.Minute
		if c.script == "hangs" {
			limit = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := s.Prepared(ctx)
		if !says(err, c.prepared) {
			t.Errorf("%s: prepared: %v, want %q", c.script, err, c.prepared)
		}
		if err == nil {
			if err := s.Give(ctx, new(Parcel)); !says(err, c.given) {
				t.Errorf("%s: given: %v, want %q", c.script, err, c.given)
			}
		}
		cancel()
		s.Kill()
	}
}

func says(err error, text string) bool {
	if err == nil {
		return text == ""
	}
	return text != "" && strings.Contains(err.Error(), text)
}

func TestAProgramThatKnowsNothingOfThisIsNoSuccessor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Start(Options{Binary: "/bin/false"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	if err := s.Prepared(ctx); !says(err, "exit status 1") {
		t.Error(err)
	}
	if _, err := Start(Options{Binary: filepath.Join(t.TempDir(), "nothing")}); err == nil {
		t.Error("nothing was started")
	}
}

func TestAnotherProtocolIsRefused(t *testing.T) {
	for _, text := range []string{"2,4,5", "1", "1,4", "1,1,2", "x"} {
		t.Setenv(variable, text)
		if p, err := FromEnvironment(); err == nil {
			t.Errorf("%s: %v", text, p)
		}
	}
	if p, err := FromEnvironment(); p != nil || err != nil {
		t.Errorf("without the variable: %v, %v", p, err)
	}
}

// TestAManagerIsToldWhatHappens has a socket for a service manager.
func TestAManagerIsToldWhatHappens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Ready(); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	for want, tell := range map[string]func() error{
		"READY=1": Ready, "STOPPING=1": Stopping, "MAINPID=12": func() error { return MainProcess(12) }, "RELOADING=1\nMONOTONIC_USEC=": Reloading,
	} {
		if err := tell(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1000)
		n, err := l.Read(buf)
		if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
