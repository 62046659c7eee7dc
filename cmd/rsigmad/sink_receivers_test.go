package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is the other side of an output that is broken in some way.
type receiver struct {
	output string             // as --output names it
	got    func() map[int]int // how often each number has arrived; is called when the daemon has ended
	seen   func() string      // what else there is to tell; may be nil
	begin  func()             // begins the fault, when the events are in; may be nil
	mend   func()             // ends it, when the others are done; may be nil
}

// arrivals counts numbered results.
type arrivals struct {
	mu    sync.Mutex
	times map[int]int
}

func (a *arrivals) add(numbers ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.times == nil {
		a.times = map[int]int{}
	}
	for _, n := range numbers {
		a.times[n]++
	}
}

func (a *arrivals) got() map[int]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.times)
}

// verdict is what a collector does with a request.
type verdict struct {
	status  int  // of the answer, 0 if all is well
	store   bool // the records are kept, whatever the answer
	discard bool // they are not, whatever the answer
	reset   bool // the connection is broken off within the request
	refused int  // so many records, the first ones, are refused for good
}

// judge returns what becomes of a request. call counts from 1. done is closed at the end of the test: nothing may wait longer.
type judge func(call int, done <-chan struct{}) verdict

// keep stores what v lets through of numbers.
func (a *arrivals) keep(v verdict, numbers []int) {
	if !v.discard && (v.status == 0 && !v.reset || v.store) {
		a.add(numbers[min(v.refused, len(numbers)):]...)
	}
}

// reply is the answer to a request whose records are taken.
func (v verdict) reply() *collector.ExportLogsServiceResponse {
	reply := &collector.ExportLogsServiceResponse{}
	if v.refused > 0 {
		reply.PartialSuccess = &collector.ExportLogsPartialSuccess{RejectedLogRecords: int64(v.refused), ErrorMessage: "too odd"}
	}
	return reply
}

// exported returns the n of the events in exported results.
func exported(req *collector.ExportLogsServiceRequest) (out []int) {
	for _, r := range req.ResourceLogs {
		for _, s := range r.ScopeLogs {
			for _, record := range s.LogRecords {
				out = append(out, int(attribute(attribute(record.Attributes, "event").GetKvlistValue().GetValues(), "n").GetIntValue()))
			}
		}
	}
	return out
}

func attribute(list []*common.KeyValue, key string) *common.AnyValue {
	for _, kv := range list {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// overHTTP runs a collector that takes OTLP over HTTP.
func overHTTP(t *testing.T, j judge) *receiver {
	t.Helper()
	var a arrivals
	var calls atomic.Int64
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := j(int(calls.Add(1)), done)
		if v.reset {
			hangUp(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		req := &collector.ExportLogsServiceRequest{}
		if err != nil || proto.Unmarshal(body, req) != nil {
			return // the client has gone
		}
		a.keep(v, exported(req))
		if v.status != 0 {
			w.WriteHeader(v.status)
			return
		}
		reply, _ := proto.Marshal(v.reply())
		w.Write(reply)
	}))
	t.Cleanup(func() { close(done); s.CloseClientConnections(); s.Close() })
	return &receiver{output: "otlphttp://" + s.Listener.Addr().String(), got: a.got}
}

// hangUp reads a part of the request and resets the connection.
func hangUp(w http.ResponseWriter, r *http.Request) {
	io.ReadFull(r.Body, make([]byte, 100))
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// grpcCollector takes OTLP over gRPC.
type grpcCollector struct {
	collector.UnimplementedLogsServiceServer
	arrivals
	calls atomic.Int64
	judge judge
	done  chan struct{}
}

func (g *grpcCollector) Export(_ context.Context, req *collector.ExportLogsServiceRequest) (*collector.ExportLogsServiceResponse, error) {
	v := g.judge(int(g.calls.Add(1)), g.done)
	g.keep(v, exported(req))
	if v.status != 0 {
		return nil, status.Error(codes.Unavailable, http.StatusText(v.status))
	}
	return v.reply(), nil
}

func overGRPC(t *testing.T, j judge) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &grpcCollector{judge: j, done: make(chan struct{})}
	s := grpc.NewServer()
	collector.RegisterLogsServiceServer(s, g)
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(l) })
	t.Cleanup(func() { close(g.done); s.Stop(); serving.Wait() })
	return &receiver{output: "otlp://" + l.Addr().String(), got: g.got}
}

// listenUnix listens on a socket with a short name: some systems allow a hundred characters.
func listenUnix(t *testing.T) *net.UnixListener {
	t.Helper()
	dir, err := os.MkdirTemp("", "sink")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// unixReader reads lines from a socket. What it read of a line that was never completed counts for nothing.
type unixReader struct {
	arrivals
	listener *net.UnixListener
	// cut is after how many bytes the reader shuts a connection down, never at the end of a line; 0 is never.
	cut        int
	shut, late atomic.Int64 // connections shut down; lines that were in the socket then
	accepting  sync.WaitGroup
}

// accept reads all connections, one after the other, until the listener is closed.
func (u *unixReader) accept() {
	for {
		c, err := u.listener.AcceptUnix()
		if err != nil {
			return
		}
		u.read(c)
	}
}

// read reads one connection. The other side cannot write any more after the shutdown, but what it has written can still be read: so
// the reader knows what the writer knows. A real one would have lost that.
func (u *unixReader) read(c *net.UnixConn) {
	defer c.Close()
	buf := make([]byte, 4096)
	var text []byte
	shutAt := 0
	for {
		n, err := c.Read(buf)
		text = append(text, buf[:n]...)
		if u.cut > 0 && shutAt == 0 && len(text) > u.cut && text[len(text)-1] != '\n' {
			shutAt = len(text)
			c.CloseRead()
			u.shut.Add(1)
		}
		if err != nil {
			break
		}
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if shutAt > 0 {
		u.late.Add(int64(bytes.Count(text[min(shutAt, end):end], []byte("\n"))))
	}
	for line := range bytes.Lines(text[:end]) {
		var r struct{ Event struct{ N int } }
		if json.Unmarshal(line, &r) != nil {
			r.Event.N = -1 // no number that was sent
		}
		u.add(r.Event.N)
	}
}

// overUnix runs a reader of a socket.
func overUnix(t *testing.T, cut int) (*receiver, *unixReader) {
	t.Helper()
	u := &unixReader{listener: listenUnix(t), cut: cut}
	return &receiver{output: "unix://" + u.listener.Addr().String(), got: func() map[int]int { return u.all(t) }}, u
}

// run accepts in the background until the test ends.
func (u *unixReader) run(t *testing.T) {
	t.Helper()
	u.accepting.Go(u.accept)
	t.Cleanup(func() { u.listener.Close(); u.accepting.Wait() })
}

// all returns what has arrived over connections that have ended. They are read in order: it connects, and waits for its turn.
func (u *unixReader) all(t *testing.T) map[int]int {
	t.Helper()
	c, err := net.DialUnix("unix", nil, u.listener.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.CloseWrite()
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the reader of the socket: %v", err)
	}
	return u.got()
}
