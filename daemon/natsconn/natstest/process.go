package natstest

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// These tell a test binary that it is to be a server, where its store is, and which port it has; an empty port is a free one.
const (
	storeVariable = "RSIGMA_TEST_NATS_STORE"
	portVariable  = "RSIGMA_TEST_NATS_PORT"
)

// ServerProcess is a server with JetStream in a process of its own: it can be killed, and what it costs is not counted as the cost of
// the test. Its methods belong to the goroutine of the test.
type ServerProcess struct {
	// URL is the address of the server. It stays the same when the server is started again.
	URL string

	t    testing.TB
	dir  string
	port string
	cmd  *exec.Cmd      // nil after Kill
	in   io.WriteCloser // the server ends when it is closed, as it is when the test binary dies
}

// StartProcess runs a server until the test ends, with its store in a directory of the test. TestMain must call Serve.
func StartProcess(t testing.TB) *ServerProcess {
	t.Helper()
	s := &ServerProcess{t: t, dir: t.TempDir()}
	t.Cleanup(s.stop)
	s.Start()
	return s
}

// Start runs the server again, after Kill, on its old port and with what it has stored. It returns when the server takes connections.
func (s *ServerProcess) Start() {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), storeVariable+"="+s.dir, portVariable+"="+s.port)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.in = cmd, in
	s.learn(out)
}

// learn reads the address that the server prints.
func (s *ServerProcess) learn(out io.Reader) {
	s.t.Helper()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the server says nothing: %v; does TestMain call natstest.Serve?", err)
	}
	s.URL = strings.TrimSpace(line)
	s.port = s.URL[strings.LastIndexByte(s.URL, ':')+1:]
}

// Kill ends the server with SIGKILL and returns when it is gone. It may be killed already.
func (s *ServerProcess) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.stop()
}

// stop lets the server end if it still runs.
func (s *ServerProcess) stop() {
	if s.cmd == nil {
		return
	}
	s.in.Close()
	s.cmd.Wait() // its error is that the process was killed
	s.cmd = nil
}

// Client returns a JetStream client over a connection of its own, which restores itself when the server is started again.
func (s *ServerProcess) Client() jetstream.JetStream {
	s.t.Helper()
	return client(s.t, s.URL)
}

// Serve is false in a test binary that nobody started as a server. Else it is the server until standard input ends, as it does when
// the one that started it is gone.
func Serve() bool {
	dir := os.Getenv(storeVariable)
	if dir == "" {
		return false
	}
	if err := serve(dir, os.Getenv(portVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return true
}

// serve runs a server. SyncAlways is not needed for what is acknowledged to survive SIGKILL: the server answers a publisher after
// write(2), as long as a stream is not replicated and its persist mode is not async. Only the loss of power would need it.
func serve(dir, port string) error {
	number, err := freed(port)
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: number, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true,
	})
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(startLimit) {
		return fmt.Errorf("the server does not start")
	}
	fmt.Println(s.ClientURL())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// freed waits until nobody uses port, and returns its number. For a moment it may belong to a connection that another process makes.
func freed(port string) (int, error) {
	if port == "" {
		return server.RANDOM_PORT, nil
	}
	for end := time.Now().Add(startLimit); ; time.Sleep(10 * time.Millisecond) {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			number, err := strconv.Atoi(port)
			return number, cmp.Or(err, l.Close())
		}
		if time.Now().After(end) {
			return 0, err
		}
	}
}
