package otlp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// zeros returns a gzip stream of so many MiB of zeros, in members of one MiB, which are quicker to make than a single one.
func zeros(mib int) []byte { return bytes.Repeat(zipped(make([]byte, 1<<20)), mib) }

// bomb is 2 GiB.
const bomb = 2048

// resident returns the memory of this process in bytes; 0 if that is not known.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var all, pages int64
	fmt.Sscan(string(text), &all, &pages)
	return pages * int64(os.Getpagesize())
}

// growth runs f and returns by how much the memory grew meanwhile, at most.
func growth(f func()) int64 {
	debug.FreeOSMemory()
	before, most := resident(), int64(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		most = max(most, resident()-before)
		select {
		case <-done:
			return most
		case <-time.After(time.Millisecond):
		}
	}
}

func TestACompressedBombIsRefusedSoon(t *testing.T) {
	body := zeros(bomb)
	in := ready(t, Options{}, intake(10))
	reader := bytes.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, PathHTTP, reader)
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	start := time.Now()
	grown := growth(func() { in.ServeHTTP(w, r) })
	t.Logf("%d bytes of gzip, refused after %v and %d bytes, memory grew by %d MiB", len(body), time.Since(start), len(body)-reader.Len(), grown>>20)
	if want := `{"error":"request body exceeds maximum size","max_bytes":67108864}`; w.Code != 413 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if read := len(body) - reader.Len(); read > len(body)/16 || grown > 200<<20 {
		t.Errorf("refused after %d bytes, memory grew by %d MiB", read, grown>>20)
	}
	if n := in.bodies.used.Load(); n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

// gRPCBody frames a message.
func gRPCBody(compressed bool, message []byte) []byte {
	flag := byte(0)
	if compressed {
		flag = 1
	}
	n := len(message)
	return append([]byte{flag, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, message...)
}

func TestACompressedBombOverGRPCIsRefusedSoon(t *testing.T) {
	address := serve(t, ready(t, Options{}, intake(10)))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	r, _ := http.NewRequest(http.MethodPost, "http://"+address+PathGRPC, bytes.NewReader(gRPCBody(true, zeros(bomb))))
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Grpc-Encoding", "gzip")
	var resp *http.Response
	var err error
	grown := growth(func() { resp, err = (&http.Client{Transport: transport}).Do(r) })
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	t.Logf("memory grew by %d MiB", grown>>20)
	if got := resp.Trailer.Get("Grpc-Status"); got != "8" || grown > 200<<20 {
		t.Errorf("status %q %s, memory grew by %d MiB", got, resp.Trailer.Get("Grpc-Message"), grown>>20)
	}
}

// manyRecords returns a request of n records without anything in them, two bytes each.
func manyRecords(n int) []byte {
	var records []byte
	for range n {
		records = append(records, 2<<3|2, 0)
	}
	scope := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), records)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), scope)
}

func TestABodyThatDecodesToGigabytesIsRefused(t *testing.T) {
	in := ready(t, Options{}, intake(10))
	for mediaType, body := range map[string][]byte{
		protobufType: manyRecords(3 << 20),
		jsonType:     []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}` + strings.Repeat(",{}", 3<<20) + `]}]}]}`),
	} {
		var w *httptest.ResponseRecorder
		grown := growth(func() { w = post(in, mediaType, "", body) })
		t.Logf("%s: memory grew by %d MiB", mediaType, grown>>20)
		if want := `{"error":"request body exceeds maximum size","max_bytes":67108864}`; w.Code != 413 || w.Body.String() != want || grown > 300<<20 {
			t.Errorf("%s: %d %s, memory grew by %d MiB", mediaType, w.Code, w.Body, grown>>20)
		}
	}
	if n := in.decoded.used.Load() + in.bodies.used.Load(); n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

func TestMessagesThatAreNestedTooDeeplyAreRefused(t *testing.T) {
	t.Parallel()
	var value []byte
	for range 5000 {
		list := protowire.AppendBytes([]byte{1<<3 | 2}, value) // of an ArrayValue
		value = protowire.AppendBytes([]byte{5<<3 | 2}, list)  // of an AnyValue
	}
	body := value
	for _, field := range []byte{5, 2, 2, 1} { // body, record, scope, resource
		body = protowire.AppendBytes([]byte{field<<3 | 2}, body)
	}
	w := post(ready(t, Options{}, intake(1)), protobufType, "", body)
	if w.Code != 400 || w.Body.String() != `{"error":"decode failed: nested too deeply"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMemoryOfRequestsIsBounded(t *testing.T) {
	t.Parallel()
	in := ready(t, Options{}, intake(10))
	small := marshal(t, bodies("a"))
	for name, b := range map[string]*budget{"bodies": &in.bodies, "decoded": &in.decoded} {
		if !b.take(b.max) {
			t.Fatal("no memory at the beginning")
		}
		if w := post(in, protobufType, "", small); w.Code != 429 || w.Body.String() != `{"error":"event queue full"}` || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		b.used.Add(-b.max)
		if w := post(in, protobufType, "", small); w.Code != 200 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if n := b.used.Load(); n != 0 {
			t.Errorf("%s: %d bytes are not given back", name, n)
		}
	}
}
