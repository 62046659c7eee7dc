package natssub

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func address(s *natstest.Server) string { return natsconn.Scheme + s.Addr().String() }

// pool returns a pool that is closed after the test.
func pool(t *testing.T, o Options) *Pool {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// subscribe returns a channel of the messages of subject.
func subscribe(t *testing.T, p *Pool, s *natstest.Server, subject string) (*Subscription, <-chan string) {
	t.Helper()
	messages := make(chan string, 1000)
	sub, err := p.Subscribe(deadline(t), address(s), subject, func(payload []byte) { messages <- string(payload) })
	if err != nil {
		t.Fatal(err)
	}
	return sub, messages
}

func publish(t *testing.T, nc *nats.Conn, subject, text string) {
	t.Helper()
	err := nc.Publish(subject, []byte(text))
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestMessagesArriveInOrderFromTheMomentOfTheSubscription(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	nc, p := s.Connect(), pool(t, Options{})
	publish(t, nc, "a.b", "before")
	sub, messages := subscribe(t, p, s, "a.b")
	publish(t, nc, "a.c", "another subject")
	for i := range 100 {
		publish(t, nc, "a.b", fmt.Sprint(i))
	}
	for i := range 100 {
		if got := flowtest.Soon(t, "a message", messages); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, got)
		}
	}
	sub.Close()
	sub.Close()
	other, more := subscribe(t, p, s, "a.b")
	publish(t, nc, "a.b", "after")
	flowtest.Soon(t, "a message for the other one", more)
	if len(messages) > 0 {
		t.Errorf("a closed subscription delivered %q", <-messages)
	}
	other.Close()
}

func TestSubscriptionsToOneServerShareAConnectionUntilTheLastIsClosed(t *testing.T) {
	t.Parallel()
	s, second := natstest.Start(t, server.Options{}), natstest.Start(t, server.Options{})
	p := pool(t, Options{})
	var subs []*Subscription
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			sub, err := p.Subscribe(deadline(t), address(s), fmt.Sprint("a.", i%3), func([]byte) {})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			subs = append(subs, sub)
		})
	}
	wg.Wait()
	other, _ := subscribe(t, p, second, "a")
	if a, b := s.NumClients(), second.NumClients(); a != 1 || b != 1 {
		t.Errorf("%d and %d connections", a, b)
	}
	for i, sub := range subs {
		if !sub.Connected() {
			t.Error("not connected")
		}
		sub.Close()
		if i < len(subs)-1 && s.NumClients() != 1 {
			t.Fatalf("%d connections after %d of %d were closed", s.NumClients(), i+1, len(subs))
		}
	}
	for end := time.Now().Add(10 * time.Second); s.NumClients() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are left", s.NumClients())
		}
	}
	again, messages := subscribe(t, p, s, "a")
	publish(t, s.Connect(), "a", "x")
	flowtest.Soon(t, "a message over a new connection", messages)
	again.Close()
	other.Close()
}

func TestAServerMayGoAwayAndComeBack(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	p := pool(t, Options{})
	sub, messages := subscribe(t, p, s, "a")
	s.Stop()
	wait(t, "the loss is noticed", func() bool { return !sub.Connected() })
	s.Start()
	nc := s.Connect()
	wait(t, "the connection is back", sub.Connected)
	for end := time.Now().Add(20 * time.Second); len(messages) == 0; time.Sleep(10 * time.Millisecond) {
		publish(t, nc, "a", "x") // it is connected shortly before it is subscribed
		if time.Now().After(end) {
			t.Fatal("no message arrives")
		}
	}
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: waited in vain", what)
		}
	}
}

func TestCredentialsAreTheDaemons(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{Username: "u", Password: "p4ss"})
	for name, c := range map[string]struct {
		auth natsconn.Auth
		ok   bool
	}{
		"right":   {natsconn.Auth{User: "u", Password: "p4ss"}, true},
		"wrong":   {natsconn.Auth{User: "u", Password: "n0pe"}, false},
		"missing": {natsconn.Auth{}, false},
	} {
		sub, err := pool(t, Options{Auth: c.auth}).Subscribe(deadline(t), address(s), "a", func([]byte) {})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), s.Addr().String()) || strings.Contains(err.Error(), "n0pe")) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			sub.Close()
		}
	}
}

func TestASubjectThatIsNotPermittedIsAnError(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{Users: []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
		Subscribe: &server.SubjectPermission{Allow: []string{"may.>"}},
	}}}})
	p := pool(t, Options{Auth: natsconn.Auth{User: "u", Password: "p"}})
	if _, err := p.Subscribe(deadline(t), address(s), "may.not", func([]byte) {}); err != nil {
		t.Errorf("permitted: %v", err)
	}
	if _, err := p.Subscribe(deadline(t), address(s), "may", func([]byte) {}); !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("not permitted: %v", err)
	}
	if _, err := p.Subscribe(deadline(t), address(s), "may.too", func([]byte) {}); err != nil {
		t.Errorf("permitted, after a refusal: %v", err)
	}
}

func TestTLSIsVerifiedAndMayBeRequired(t *testing.T) {
	t.Parallel()
	// A certificate for 127.0.0.1, from the standard library's test server.
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s := natstest.Start(t, server.Options{TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}})
	plain := natstest.Start(t, server.Options{})
	required := natsconn.Auth{RequireTLS: true}
	for name, c := range map[string]struct {
		s  *natstest.Server
		o  Options
		ok bool
	}{
		"trusted":                    {s, Options{RootCAs: roots}, true},
		"trusted and required":       {s, Options{RootCAs: roots, Auth: required}, true},
		"nobody vouches for it":      {s, Options{RootCAs: x509.NewCertPool()}, false},
		"required of a plain server": {plain, Options{Auth: required}, false},
		"not required of it":         {plain, Options{}, true},
	} {
		if _, err := pool(t, c.o).Subscribe(deadline(t), address(c.s), "a", func([]byte) {}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNobodyListeningIsAnErrorAndIsTriedAnewTheNextTime(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	url := address(s)
	s.Stop()
	p := pool(t, Options{})
	if _, err := p.Subscribe(deadline(t), url, "a", func([]byte) {}); !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("error %v", err)
	}
	s.Start()
	_, messages := subscribe(t, p, s, "a")
	publish(t, s.Connect(), "a", "x")
	flowtest.Soon(t, "a message", messages)
}

func TestAClosedPoolSubscribesNothing(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	p := pool(t, Options{})
	sub, _ := subscribe(t, p, s, "a")
	p.Close()
	p.Close()
	if _, err := p.Subscribe(deadline(t), address(s), "a", func([]byte) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if sub.Connected() {
		t.Error("still connected")
	}
	sub.Close()
}

func TestAPasswordInTheAddressIsNeitherLoggedNorInErrors(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{Username: "u", Password: "p4ss"})
	var log bytes.Buffer
	p := pool(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if _, err := p.Subscribe(deadline(t), "nats://u:p4ss@"+s.Addr().String(), "a", func([]byte) {}); err != nil {
		t.Error(err)
	}
	if _, err := p.Subscribe(deadline(t), "nats://u:n0pe@"+s.Addr().String(), "a", func([]byte) {}); err == nil || strings.Contains(err.Error(), "n0pe") {
		t.Errorf("error %v", err)
	}
	p.Close()
	if !strings.Contains(log.String(), "Connected to NATS") || strings.Contains(log.String(), "p4ss") {
		t.Errorf("log %s", log.String())
	}
}
