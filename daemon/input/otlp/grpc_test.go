package otlp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/daemon/listen"
)

// wrapped hides everything that a ResponseWriter can do, as a middleware does that only knows Unwrap.
func wrapped(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(unwrapper{w}, r) })
}

type unwrapper struct{ http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// serve serves h on the daemon's own listener, in plaintext.
func serve(t testing.TB, h http.Handler) (address string) {
	t.Helper()
	l, err := listen.Listen(t.Context(), listen.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s := l.Server(wrapped(h))
	done := flowtest.Go(func() { s.Serve() })
	t.Cleanup(func() {
		s.Close()
		flowtest.Soon(t, "the server has returned", done)
	})
	return l.Addr().String()
}

// serveTLS serves h with TLS and returns what clients need.
func serveTLS(t testing.TB, h http.Handler) (address string, config *tls.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(wrapped(h))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.Listener.Addr().String(), &tls.Config{RootCAs: pool}
}

// dial returns a client of the service at address; config is nil in plaintext.
func dial(t testing.TB, address string, config *tls.Config) collector.LogsServiceClient {
	t.Helper()
	secure := insecure.NewCredentials()
	if config != nil {
		secure = credentials.NewTLS(config)
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return collector.NewLogsServiceClient(conn)
}

func TestCallsAreServedWithAndWithoutTLS(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
			queue, counts := intake(10), &tally{}
			in := ready(t, Options{Hooks: counts.hooks()}, queue)
			var address string
			var config *tls.Config
			if secure {
				address, config = serveTLS(t, in)
			} else {
				address = serve(t, in)
			}
			client := dial(t, address, config)
			for range 2 {
				reply, err := client.Export(t.Context(), bodies("a", strings.Repeat("b", 100)), opts...)
				if err != nil || reply.PartialSuccess != nil {
					t.Fatalf("TLS %v: %v, %v", secure, reply, err)
				}
			}
			want := []string{one, `{"body":"` + strings.Repeat("b", 100) + `"}`}
			if diff := cmp.Diff(append(want, want...), rest(queue)); diff != "" {
				t.Error(diff)
			}
			counts.verify(t, []string{"grpc protobuf", "grpc protobuf"}, 4, nil)
		}
	}
}

func TestACallTellsOfRecordsThatAreTooLong(t *testing.T) {
	t.Parallel()
	queue := intake(10)
	client := dial(t, serve(t, ready(t, Options{}, queue)), nil)
	reply, err := client.Export(t.Context(), bodies(strings.Repeat("x", maxEvent), "a"))
	if err != nil || reply.PartialSuccess.GetRejectedLogRecords() != 1 || len(rest(queue)) != 1 {
		t.Errorf("%v, %v", reply, err)
	}
}

// refused verifies the status of a failed call; retry says that it has to carry retry information.
func refused(t *testing.T, what string, err error, code codes.Code, text string, retry bool) {
	t.Helper()
	s := status.Convert(err)
	if s.Code() != code || !strings.Contains(s.Message(), text) {
		t.Errorf("%s: %v, want %v %s", what, err, code, text)
	}
	var delay time.Duration
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			delay = info.RetryDelay.AsDuration()
		}
	}
	if (delay > 0) != retry {
		t.Errorf("%s: retry after %v", what, delay)
	}
}

func TestEveryStatusIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	counts := &tally{}
	in := New(Options{Hooks: counts.hooks()})
	_, err := dial(t, serve(t, in), nil).Export(t.Context(), bodies("a"))
	refused(t, "not ready", err, codes.Unavailable, "event channel closed", true)

	queue := intake(1)
	in = ready(t, Options{Timeout: 100 * time.Millisecond, Hooks: counts.hooks()}, queue)
	client := dial(t, serve(t, in), nil)
	_, err = client.Export(t.Context(), bodies("a", "b"))
	refused(t, "full", err, codes.ResourceExhausted, "event queue full", true)

	_, err = client.Export(t.Context(), bodies(strings.Repeat("x", maxGRPC)))
	refused(t, "too large", err, codes.ResourceExhausted, "larger than max", false)

	_, err = client.Export(t.Context(), bodies(strings.Repeat("x", maxGRPC)), grpc.UseCompressor(gzip.Name))
	refused(t, "too large, decompressed", err, codes.ResourceExhausted, "larger than max", false)

	_, err = client.Export(t.Context(), nil, grpc.ForceCodecV2(broken{}))
	refused(t, "broken", err, codes.InvalidArgument, "decode failed: unexpected EOF", false)

	queue.Close()
	patient := dial(t, serve(t, ready(t, Options{Hooks: counts.hooks()}, queue)), nil)
	_, err = patient.Export(t.Context(), bodies("a"))
	refused(t, "closed", err, codes.Unavailable, "event channel closed", true)
	counts.verify(t, []string{"grpc protobuf", "grpc protobuf", "grpc protobuf"}, 1, []string{
		"grpc channel_closed", "grpc queue_full", "grpc too_large", "grpc too_large", "grpc decode", "grpc channel_closed",
	})
}

// broken sends what is no request.
type broken struct{ rawCodec }

func (broken) Marshal(any) (out mem.BufferSlice, err error) {
	return rawCodec{}.Marshal([]byte{0x0a, 5, 1})
}

func TestAMessageOfTheGreatestLengthIsServed(t *testing.T) {
	t.Parallel()
	queue := intake(100)
	client := dial(t, serve(t, ready(t, Options{}, queue)), nil)
	var texts []string
	for range 15 {
		texts = append(texts, strings.Repeat("x", 1<<20-100))
	}
	if _, err := client.Export(t.Context(), bodies(texts...)); err != nil || len(rest(queue)) != 15 {
		t.Error(err)
	}
}

func TestACallWaitsForCommits(t *testing.T) {
	t.Parallel()
	queue := intake(10)
	client := dial(t, serve(t, ready(t, Options{Sync: true}, queue)), nil)
	for _, committed := range []bool{true, false} {
		replied := make(chan error, 1)
		go func() {
			_, err := client.Export(t.Context(), bodies("a"))
			replied <- err
		}()
		taken, _ := queue.Take(t.Context(), nil, 1)
		select {
		case err := <-replied:
			t.Fatalf("replied before anything was committed: %v", err)
		default:
		}
		taken[0].Ack.Done(committed)
		err := flowtest.Soon(t, "reply", replied)
		if committed != (err == nil) || !committed && status.Code(err) != codes.Unavailable {
			t.Errorf("committed %v: %v", committed, err)
		}
	}
}

func TestACallThatIsGivenUpDoesNotGoOn(t *testing.T) {
	t.Parallel()
	waits := make(chan struct{}, 1)
	queue := flow.NewIntake(1, flow.IntakeHooks{BackPressure: func(*flow.Origin) { waits <- struct{}{} }})
	in := ready(t, Options{}, queue)
	client := dial(t, serve(t, in), nil)
	ctx, cancel := context.WithCancel(t.Context())
	replied := make(chan error, 1)
	go func() {
		_, err := client.Export(ctx, bodies("a", "b"))
		replied <- err
	}()
	flowtest.Soon(t, "the queue is full", waits)
	cancel()
	if err := flowtest.Soon(t, "reply", replied); status.Code(err) != codes.Canceled {
		t.Error(err)
	}
	for deadline := time.Now().Add(10 * time.Second); in.decoded.used.Load()+in.bodies.used.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the call goes on, or its memory is not given back")
		}
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, PathGRPC, http.NoBody)
	r.Header.Set("Content-Type", "application/grpc")
	w := httptest.NewRecorder()
	New(Options{}).ServeHTTP(w, r)
	if w.Code != http.StatusHTTPVersionNotSupported {
		t.Errorf("over HTTP/1.1: %d", w.Code)
	}
	address := serve(t, ready(t, Options{}, intake(1)))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	r, _ = http.NewRequest(http.MethodPost, "http://"+address+PathGRPC, http.NoBody)
	r.Header.Set("Content-Type", "application/grpc")
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.Trailer.Get("Grpc-Status") == "0" || resp.Trailer.Get("Grpc-Status") == "" {
		t.Errorf("a call without a message: %v %v", resp.Status, resp.Trailer)
	}
}
