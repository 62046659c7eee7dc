package natsconn

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

func TestEachMethodOfAuthenticationIsAcceptedAndItsFailureFatal(t *testing.T) {
	t.Parallel()
	key, public := seed(t)
	other, _ := seed(t)
	creds, operator := credentials(t)
	strangers, _ := credentials(t)
	for name, c := range map[string]struct {
		server     server.Options
		good, evil Auth
	}{
		"token":       {server.Options{Authorization: "t0ps"}, Auth{Token: "t0ps"}, Auth{Token: "no"}},
		"user":        {server.Options{Username: "u", Password: "p4ss"}, Auth{User: "u", Password: "p4ss"}, Auth{User: "u", Password: "no"}},
		"nkey":        {server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}}, Auth{NKey: key}, Auth{NKey: other}},
		"credentials": {operator, Auth{Creds: creds}, Auth{Creds: strangers}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := natstest.Start(t, c.server)
			if _, err := connect(t, s, Options{Auth: c.good}); err != nil {
				t.Error(err)
			}
			for _, evil := range []Auth{c.evil, {}} {
				_, err := connect(t, s, Options{Auth: evil})
				if err == nil || !strings.Contains(err.Error(), s.Addr().String()) || strings.Contains(err.Error(), "p4ss") {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// credentials makes an operator with one account and a user of it, and returns the user's file and the settings of a server.
func credentials(t *testing.T) (string, server.Options) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	operator, err := nkeys.CreateOperator()
	must(err)
	account, err := nkeys.CreateAccount()
	must(err)
	user, err := nkeys.CreateUser()
	must(err)
	operatorID, err := operator.PublicKey()
	must(err)
	accountID, err := account.PublicKey()
	must(err)
	userID, err := user.PublicKey()
	must(err)
	accountJWT, err := jwt.NewAccountClaims(accountID).Encode(operator)
	must(err)
	userJWT, err := jwt.NewUserClaims(userID).Encode(account)
	must(err)
	userSeed, err := user.Seed()
	must(err)
	file, err := jwt.FormatUserConfig(userJWT, userSeed)
	must(err)
	path := filepath.Join(t.TempDir(), "user.creds")
	must(os.WriteFile(path, file, 0o600))
	resolver := &server.MemAccResolver{}
	must(resolver.Store(accountID, accountJWT))
	return path, server.Options{TrustedKeys: []string{operatorID}, AccountResolver: resolver}
}

func TestUserAndPasswordMayStandInTheAddress(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{Username: "u", Password: "p4ss"})
	log := &logged{}
	for user, ok := range map[string]bool{"u:p4ss": true, "u:wrong": false} {
		a, err := ParseURL("nats://" + user + "@" + s.Addr().String() + "/a")
		if err != nil {
			t.Fatal(err)
		}
		c, err := Connect(t.Context(), a, Options{Log: log.logger()})
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", user, err)
		}
		if err == nil {
			c.Close()
		}
	}
	if strings.Contains(log.text(), "p4ss") {
		t.Errorf("the log tells the password: %s", log.text())
	}
}

func TestTLSWithClientCertificates(t *testing.T) {
	t.Parallel()
	ca, strange := newAuthority(t), newAuthority(t)
	s := natstest.Start(t, server.Options{TLS: true, TLSVerify: true, TLSTimeout: 5, TLSConfig: ca.serverTLS(t, true), Authorization: "t0ps"})
	cert, key := ca.issue(t, "daemon")
	badCert, badKey := strange.issue(t, "stranger")
	for name, c := range map[string]struct {
		o  Options
		ok bool
	}{
		"certificate and token":     {Options{Auth: Auth{Token: "t0ps", TLSCert: cert, TLSKey: key}, RootCAs: ca.roots}, true},
		"and required":              {Options{Auth: Auth{Token: "t0ps", TLSCert: cert, TLSKey: key, RequireTLS: true}, RootCAs: ca.roots}, true},
		"certificate, wrong token":  {Options{Auth: Auth{Token: "x", TLSCert: cert, TLSKey: key}, RootCAs: ca.roots}, false},
		"no certificate":            {Options{Auth: Auth{Token: "t0ps"}, RootCAs: ca.roots}, false},
		"strange certificate":       {Options{Auth: Auth{Token: "t0ps", TLSCert: badCert, TLSKey: badKey}, RootCAs: ca.roots}, false},
		"server nobody vouches for": {Options{Auth: Auth{Token: "t0ps", TLSCert: cert, TLSKey: key}, RootCAs: strange.roots}, false},
		"no such file":              {Options{Auth: Auth{Token: "t0ps", TLSCert: cert + "x", TLSKey: key}, RootCAs: ca.roots}, false},
	} {
		c2, err := connect(t, s, c.o)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && !c2.TLSRequired() {
			t.Errorf("%s: the connection is in clear", name)
		}
	}
}

func TestRequiringTLSFailsAtAServerWithoutIt(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	plain := natstest.Start(t, server.Options{})
	cert, key := ca.issue(t, "daemon")
	for name, o := range map[string]Options{
		"required": {Auth: Auth{RequireTLS: true}}, "client certificate": {Auth: Auth{TLSCert: cert, TLSKey: key}},
	} {
		if _, err := connect(t, plain, o); !errors.Is(err, nats.ErrSecureConnWanted) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := connect(t, plain, Options{}); err != nil {
		t.Errorf("not required: %v", err)
	}
	secure := natstest.Start(t, server.Options{TLS: true, TLSTimeout: 5, TLSConfig: ca.serverTLS(t, false)})
	for _, require := range []bool{false, true} {
		if c, err := connect(t, secure, Options{Auth: Auth{RequireTLS: require}, RootCAs: ca.roots}); err != nil || !c.TLSRequired() {
			t.Errorf("a server with TLS, required %v: %v", require, err)
		}
	}
}

func TestNobodyListeningIsFatal(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	a, err := ParseURL("nats://" + l.Addr().String() + "/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Connect(t.Context(), a, Options{Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("error %v", err)
	}
}

func TestAServerThatIsSilentDoesNotHoldUpACancelledStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	a, err := ParseURL("nats://" + l.Addr().String() + "/a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := Connect(ctx, a, Options{Log: slog.New(slog.DiscardHandler)})
		failed <- err
	}()
	c := flowtest.Soon(t, "the client has connected", accepted)
	cancel()
	if err := flowtest.Soon(t, "the start has failed", failed); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	c.Close()
	l.Close()
}

// logged keeps what is logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func TestALostConnectionIsRestoredAndLogged(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	log := &logged{}
	back := make(chan struct{}, 1)
	c, err := connect(t, s, Options{Log: log.logger(), Name: "test", Reconnected: func() { back <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	down := c.StatusChanged(nats.RECONNECTING)
	s.Stop()
	flowtest.Soon(t, "the connection is lost", down)
	s.Start()
	flowtest.Soon(t, "the connection is restored", back)
	for _, message := range []string{"Connected to NATS", "Disconnected from NATS", "Reconnected to NATS"} {
		if !strings.Contains(log.text(), "level=INFO msg=\""+message) {
			t.Errorf("%q is not logged: %s", message, log.text())
		}
	}
}

func TestOnlyAConnectionThatMayKeepsWhatIsPublishedWhileItIsDown(t *testing.T) {
	t.Parallel()
	s := natstest.Start(t, server.Options{})
	for fail, want := range map[bool]error{true: nats.ErrReconnectBufExceeded, false: nil} {
		c, err := connect(t, s, Options{FailWhileDown: fail})
		if err != nil {
			t.Fatal(err)
		}
		down := c.StatusChanged(nats.RECONNECTING)
		defer func() {
			flowtest.Soon(t, "the connection is lost", down)
			if err := c.Publish("a", []byte("x")); !errors.Is(err, want) {
				t.Errorf("keeps nothing %v: error %v", fail, err)
			}
		}()
	}
	s.Stop()
}

func TestTheStreamOfASubjectIsMadeOrFoundOrWrong(t *testing.T) {
	t.Parallel()
	s := natstest.StartJetStream(t)
	c, err := connect(t, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	first, err := c.EnsureStream(ctx, "a.b")
	if err != nil {
		t.Fatal(err)
	}
	cfg := first.CachedInfo().Config
	if cfg.Name != "rsigma-a-b" || len(cfg.Subjects) != 1 || cfg.Subjects[0] != "a.b" || cfg.MaxMsgs > 0 || cfg.MaxBytes > 0 || cfg.MaxAge > 0 {
		t.Errorf("the stream is %+v", cfg)
	}
	again, err := c.EnsureStream(ctx, "a.b")
	if err != nil || !again.CachedInfo().Created.Equal(first.CachedInfo().Created) {
		t.Errorf("the stream is not found: %v", err)
	}
	if _, err := c.EnsureStream(ctx, "a-b"); err == nil || !strings.Contains(err.Error(), "subject a.b, which does not cover a-b") {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := c.EnsureStream(ctx, "a.*"); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("subjects that overlap: %v", err)
	}
	cfg.Subjects = []string{"a.b", "x.>"}
	if _, err := c.JetStream.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := c.EnsureStream(ctx, "x.y"); err == nil || !strings.Contains(err.Error(), "rsigma-a-b") {
		t.Errorf("a subject that another stream has: %v", err)
	}
	if _, err := c.EnsureStream(ctx, "a.b"); err != nil {
		t.Errorf("a stream with more subjects: %v", err)
	}
}

func TestAServerWithoutJetStreamSaysSo(t *testing.T) {
	t.Parallel()
	c, err := connect(t, natstest.Start(t, server.Options{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.EnsureStream(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "rsigma-a") {
		t.Errorf("error %v", err)
	}
}
