package dynsource

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSecretsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Header]
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		if to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		h := r.Header.Clone()
		seen.Store(&h)
		fmt.Fprint(w, "1")
	})
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for to, kept := range map[string]bool{"/end": true, other + "/end": false} {
		r := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+"/?to="+to+"', headers: {Authorization: secret, Cookie: a=b}}\n", LoadOptions{})
		if _, err := one(t, r); err != nil {
			t.Fatal(err)
		}
		h := *seen.Load()
		for _, name := range []string{"Authorization", "Cookie", "Referer"} {
			if got := h.Get(name) != ""; got != kept {
				t.Errorf("to %s: %s sent: %t", to, name, got)
			}
		}
	}
}

func TestTLSIsNotLeftByARedirect(t *testing.T) {
	t.Parallel()
	plaintext := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1") })
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, plaintext.URL, http.StatusFound)
			return
		}
		fmt.Fprint(w, "1")
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // one handshake is meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	d := newDir(t, map[string]string{"ca.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))})
	get := func(path, keys string) *Error {
		_, err := one(t, d.resolver("- {id: s, type: http, url: '"+s.URL+path+"'"+keys+"}\n", LoadOptions{}))
		return err
	}
	if err := get("/", ", tls: {ca_file: ca.pem}"); err != nil {
		t.Errorf("a server that the file vouches for: %v", err)
	}
	if err := get("/", ""); err == nil || err.Kind != KindFetch {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
	if err := get("/away", ", tls: {ca_file: ca.pem}"); err == nil || !strings.Contains(err.Text, "redirect from https to http") {
		t.Errorf("a redirect to plaintext: %v", err)
	}
}

func TestOnlyValidatorsMakeNotModifiedASuccess(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var conditions []string
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		conditions = append(conditions, r.Header.Get("If-None-Match"))
		if r.URL.Path == "/always" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		fmt.Fprint(w, "1")
	})
	r := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+"/always'}\n", LoadOptions{})
	if _, err := one(t, r); err == nil || !strings.Contains(err.Text, "status 304") {
		t.Errorf("a status that nobody asked for: %v", err)
	}
	taken := func() string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { conditions = nil }()
		return strings.Join(conditions, ",")
	}
	taken()
	posts := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+"', body: x}\n", LoadOptions{})
	one(t, posts)
	one(t, posts)
	if got := taken(); got != "," {
		t.Errorf("a POST has conditions: %q", got)
	}
	d := newDir(t, nil)
	text := "- {id: s, type: http, url: '" + s.URL + "'}\n"
	old := d.resolver(text, LoadOptions{})
	one(t, old)
	next := d.resolver(text, LoadOptions{})
	next.Adopt(old)
	one(t, next)
	next.Invalidate("s")
	one(t, next)
	if got := taken(); got != `,"1",` {
		t.Errorf("conditions %q", got)
	}
}

func TestNothingIsConnectedToADeniedAddress(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "user:secret@127.0.0.1"} {
		r := newDir(t, nil).resolver("- {id: s, type: http, url: 'http://"+host+":"+port+"/?key=secret'}\n", LoadOptions{Egress: EgressStrict})
		_, err := one(t, r)
		if err == nil || err.Kind != KindFetch || !strings.HasPrefix(err.Text, "egress policy denied loopback address ") || strings.Contains(err.Text, "secret") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
	allowed := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+"'}\n", LoadOptions{})
	if _, err := one(t, allowed); err != nil || connections.Load() != 1 {
		t.Errorf("allowed: %v, %d connections", err, connections.Load())
	}
}

// TestANameThatChangesItsAddressIsJudgedByTheAddress uses a name server that gives another answer each time.
func TestANameThatChangesItsAddressIsJudgedByTheAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	dns := nameServer(t, [4]byte{127, 0, 0, 1}, [4]byte{169, 254, 169, 254})
	dialer := EgressDefault.Dialer()
	dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", dns)
	}}
	c, err := dialer.DialContext(t.Context(), "tcp4", "rebind.test.:"+port)
	if err != nil {
		t.Fatalf("the first address: %v", err)
	}
	c.Close()
	if _, err := dialer.DialContext(t.Context(), "tcp4", "rebind.test.:"+port); err == nil || !strings.HasPrefix(fetchError(err).Text, "egress policy denied link-local address 169.254.169.254") {
		t.Errorf("the second address: %v", err)
	}
}

// nameServer answers questions for addresses of version 4, with one address after the other. It returns where it listens.
func nameServer(t *testing.T, answers ...[4]byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { c.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			end := 12 // of the question: labels up to an empty one, type and class
			for end < n && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			end += 5
			reply := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, buf[12:end]...)
			if buf[end-3] == 1 && len(answers) > 0 {
				reply[7] = 1
				reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), answers[0][:]...)
				answers = answers[1:]
			}
			c.WriteTo(reply, from)
		}
	}()
	return c.LocalAddr().String()
}
