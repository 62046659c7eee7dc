package listen

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign("authority", time.Hour, true)
	a.write("ca.pem", a.cert.Raw)
	return a
}

var serials atomic.Int64

func (a *authority) sign(name string, life time.Duration, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := tmpl, key
	if !ca {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) write(name string, certs ...[]byte) string {
	a.t.Helper()
	var b bytes.Buffer
	for _, c := range certs {
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c})
	}
	return a.file(name, b.Bytes(), 0o600)
}

func (a *authority) file(name string, data []byte, mode os.FileMode) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, data, mode); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// server writes a certificate for the server and returns options with it.
func (a *authority) server(name string, life time.Duration) Options {
	a.t.Helper()
	cert, key := a.sign(name, life, false)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return Options{
		Addr:     "127.0.0.1:0",
		CertFile: a.write("server.pem", cert.Raw, a.cert.Raw),
		KeyFile:  a.file("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
	}
}

// client returns a TLS configuration that trusts a, with a certificate of its own if named.
func (a *authority) client(name string) *tls.Config {
	a.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c := &tls.Config{RootCAs: pool, NextProtos: []string{"h2", "http/1.1"}}
	if name != "" {
		cert, key := a.sign(name, time.Hour, false)
		c.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	}
	return c
}

// serve serves handler until the end of the test.
func serve(t *testing.T, opts Options, handler http.Handler) *Listener {
	t.Helper()
	if err := opts.Validate(); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	s := l.Server(handler)
	done := make(chan struct{})
	go func() { defer close(done); s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		s.Stop(ctx)
		<-done
	})
	return l
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })

// get makes one request over a transport of its own.
func get(t *testing.T, tr *http.Transport, url string) (string, error) {
	t.Helper()
	defer tr.CloseIdleConnections()
	if tr.TLSClientConfig != nil {
		tr.ForceAttemptHTTP2 = slices.Contains(tr.TLSClientConfig.NextProtos, "h2")
	}
	c := http.Client{Transport: tr, Timeout: 10 * time.Second}
	resp, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	good := a.server("s", time.Hour)
	with := func(change func(*Options)) Options { o := good; change(&o); return o }
	legacy := a.file("legacy.key", []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), 0o600)
	for name, c := range map[string]struct {
		opts Options
		want string // empty if the options are fine
	}{
		"the default":                 {Options{}, ""},
		"TLS":                         {good, ""},
		"loopback":                    {Options{Addr: "127.0.0.1:0"}, ""},
		"loopback of IPv6":            {Options{Addr: "[::1]:0"}, ""},
		"a host name":                 {Options{Addr: "localhost:0"}, ""},
		"plaintext for all":           {Options{Addr: "0.0.0.0:9090"}, "refusing to bind plaintext on non-loopback address"},
		"plaintext for all, IPv6":     {Options{Addr: "[::]:9090"}, "--tls-cert and --tls-key, or --allow-plaintext"},
		"plaintext without host":      {Options{Addr: ":9090"}, "refusing to bind plaintext"},
		"plaintext for all, allowed":  {Options{Addr: "0.0.0.0:9090", AllowPlaintext: true}, ""},
		"TLS for all":                 {with(func(o *Options) { o.Addr = "0.0.0.0:0" }), ""},
		"no port":                     {Options{Addr: "127.0.0.1"}, "Invalid API address '127.0.0.1'"},
		"no address":                  {Options{Addr: "what is this"}, "Invalid API address"},
		"a certificate without a key": {Options{CertFile: "x"}, "go together"},
		"a key without a certificate": {Options{KeyFile: "x"}, "go together"},
		"a client CA without TLS":     {Options{ClientCAFile: "x"}, "needs --tls-cert"},
		"a socket with TLS":           {with(func(o *Options) { o.Addr = "unix:///x" }), "excludes TLS"},
		"a socket":                    {Options{Addr: "unix:///x"}, ""},
		"an unknown version":          {with(func(o *Options) { o.MinVersion = "1.1" }), "want 1.2 or 1.3"},
		"an older version":            {with(func(o *Options) { o.MinVersion = "TLS1.2" }), ""},
		"a missing certificate":       {with(func(o *Options) { o.CertFile = a.dir + "/none" }), a.dir + "/none"},
		"a file without certificate":  {with(func(o *Options) { o.CertFile = a.file("e.pem", nil, 0o600) }), "no certificate"},
		"a file without key":          {with(func(o *Options) { o.KeyFile = a.file("e.key", nil, 0o600) }), "no key"},
		"an encrypted key":            {with(func(o *Options) { o.KeyFile = legacy }), "openssl rsa"},
		"a password":                  {with(func(o *Options) { o.KeyPassword = "x" }), "openssl rsa"},
		"a file without CA":           {with(func(o *Options) { o.ClientCAFile = a.file("e.ca", nil, 0o600) }), "no certificate"},
	} {
		err := c.opts.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestTheDefaultAddressDependsOnWhatProtectsIt(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		"127.0.0.1:9090": {}, "0.0.0.0:9090": {AllowPlaintext: true}, "1.2.3.4:5": {Addr: "1.2.3.4:5", AllowPlaintext: true},
	} {
		if got := o.address(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if o := (Options{CertFile: "x"}); o.address() != "0.0.0.0:9090" {
		t.Errorf("with TLS: %s", o.address())
	}
}

func TestEveryProtocolIsSpokenOnOnePort(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	plain := serve(t, Options{Addr: "127.0.0.1:0"}, hello)
	secret := serve(t, a.server("s", time.Hour), hello)
	h2c := new(http.Protocols)
	h2c.SetUnencryptedHTTP2(true)
	h1 := a.client("")
	h1.NextProtos = []string{"http/1.1"}
	for name, c := range map[string]struct {
		tr        *http.Transport
		url, want string
	}{
		"plaintext":        {&http.Transport{}, "http://" + plain.Addr().String(), "HTTP/1.1"},
		"plaintext HTTP/2": {&http.Transport{Protocols: h2c}, "http://" + plain.Addr().String(), "HTTP/2.0"},
		"TLS":              {&http.Transport{TLSClientConfig: h1}, "https://" + secret.Addr().String(), "HTTP/1.1"},
		"TLS HTTP/2":       {&http.Transport{TLSClientConfig: a.client("")}, "https://" + secret.Addr().String(), "HTTP/2.0"},
	} {
		if got, err := get(t, c.tr, c.url); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	old := a.client("")
	old.MaxVersion = tls.VersionTLS12
	if _, err := get(t, &http.Transport{TLSClientConfig: old}, "https://"+secret.Addr().String()); err == nil {
		t.Error("TLS 1.2 is accepted")
	}
	opts := a.server("s", time.Hour)
	opts.MinVersion = "1.2"
	if _, err := get(t, &http.Transport{TLSClientConfig: old}, "https://"+serve(t, opts, hello).Addr().String()); err != nil {
		t.Errorf("TLS 1.2 on request: %v", err)
	}
	old.MaxVersion = tls.VersionTLS11
	if _, err := get(t, &http.Transport{TLSClientConfig: old}, "https://"+serve(t, opts, hello).Addr().String()); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
}

func TestAClientCAMakesCertificatesMandatory(t *testing.T) {
	t.Parallel()
	a, stranger := newAuthority(t), newAuthority(t)
	opts := a.server("s", time.Hour)
	opts.ClientCAFile = filepath.Join(a.dir, "ca.pem")
	url := "https://" + serve(t, opts, hello).Addr().String()
	if _, err := get(t, &http.Transport{TLSClientConfig: a.client("me")}, url); err != nil {
		t.Errorf("a good client: %v", err)
	}
	if _, err := get(t, &http.Transport{TLSClientConfig: a.client("")}, url); err == nil {
		t.Error("a client without a certificate is accepted")
	}
	foreign := a.client("")
	foreign.Certificates = stranger.client("me").Certificates
	if _, err := get(t, &http.Transport{TLSClientConfig: foreign}, url); err == nil {
		t.Error("a client of another authority is accepted")
	}
}

func TestCertificatesAreReplacedWithoutDroppingConnections(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	var log bytes.Buffer
	opts := a.server("first", time.Hour)
	opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	l := serve(t, opts, hello)
	if !strings.Contains(log.String(), "expires soon") {
		t.Errorf("no warning: %s", log.String())
	}
	dial := func() *tls.Conn {
		cfg := a.client("")
		cfg.NextProtos = []string{"http/1.1"}
		c, err := tls.Dial("tcp", l.Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	name := func(c *tls.Conn) string { return c.ConnectionState().PeerCertificates[0].Subject.CommonName }
	use := func(c *tls.Conn) {
		t.Helper()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	old := dial()
	use(old)
	a.server("second", 40*24*time.Hour)
	if err := l.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := name(dial()); got != "second" {
		t.Errorf("a new connection sees %q", got)
	}
	use(old)
	if l.ActiveTLS() < 1 {
		t.Error("no connection is counted")
	}
	if end, ok := l.Expiry(); !ok || time.Until(end) < 39*24*time.Hour {
		t.Errorf("expiry %v", end)
	}
	a.file("server.key", []byte("broken"), 0o600)
	if err := l.Reload(); err == nil {
		t.Error("a broken key is accepted")
	}
	if got := name(dial()); got != "second" {
		t.Errorf("after a failed reload a new connection sees %q", got)
	}
}

func TestSilentClientsDelayNobody(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, opts := range []Options{{Addr: "127.0.0.1:0"}, a.server("s", time.Hour)} {
		opts.Timeouts.Header = 300 * time.Millisecond
		l := serve(t, opts, hello)
		var silent []net.Conn
		for i := range 50 {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if i%2 == 0 && !l.TLS() {
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost:")
			}
			silent = append(silent, c)
		}
		scheme := "http://"
		if l.TLS() {
			scheme = "https://"
		}
		if _, err := get(t, &http.Transport{TLSClientConfig: a.client("")}, scheme+l.Addr().String()); err != nil {
			t.Error(err)
		}
		for _, c := range silent {
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.ReadAll(c); err != nil {
				if e, ok := err.(net.Error); ok && e.Timeout() {
					t.Fatal("a silent client is still connected")
				}
			}
		}
	}
}

func TestIdleConnectionsMakeRoomForNewOnes(t *testing.T) {
	t.Parallel()
	const cap = 20
	block := make(chan struct{})
	l := serve(t, Options{Addr: "127.0.0.1:0", MaxConns: cap}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-block
		}
	}))
	defer close(block)
	for range 10 * cap {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if _, err := get(t, &http.Transport{}, "http://"+l.Addr().String()); err != nil {
		t.Errorf("idle connections keep a request out: %v", err)
	}
	if open, _ := l.conns.count(); open > cap {
		t.Errorf("%d connections are open", open)
	}
	for range cap {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("with all connections busy: %v, %v", resp, err)
	}
}

func TestABodyThatDoesNotComeIsGivenUp(t *testing.T) {
	t.Parallel()
	results := make(chan error, 2)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow-reader" {
			io.CopyN(io.Discard, r.Body, 1)
			time.Sleep(400 * time.Millisecond) // back-pressure: longer than the limit
		}
		_, err := io.Copy(io.Discard, r.Body)
		results <- err
	})
	opts := Options{Addr: "127.0.0.1:0", Timeouts: Timeouts{Body: 200 * time.Millisecond}}
	l, err := Listen(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	s := l.Server(handler)
	done := make(chan struct{})
	go func() { defer close(done); s.Serve() }()
	defer func() { s.Close(); <-done }()
	send := func(path string, body string) net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n%s", path, body)
		return c
	}
	send("/", "a few bytes")
	if err := <-results; err == nil {
		t.Error("a body that never came is accepted")
	}
	send("/slow-reader", strings.Repeat("x", 1000))
	if err := <-results; err != nil {
		t.Errorf("a reader that takes its time: %v", err)
	}
}

func TestASocketFileBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	opts := Options{Addr: "unix://" + path}
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	l, err := Listen(t.Context(), opts)
	if err != nil {
		t.Fatalf("a stale socket is in the way: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Listen(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a socket in use was taken: %v", err)
	}
	l.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket file is left behind")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), opts); err == nil {
		t.Error("a file was replaced by a socket")
	}
}
