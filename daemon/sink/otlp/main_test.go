package otlp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	input "github.com/rsigma-go/rsigma/daemon/input/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is the daemon's own input, on a listener of its own.
type receiver struct {
	address string
	server  *http.Server
	queue   *flow.Intake
	end     func()

	mu    sync.Mutex
	seen  []string // User-Agent and encodings
	fails func() int
}

// receive starts a receiver; config is nil in plaintext.
func receive(t *testing.T, address string, config *tls.Config) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	in := input.New(input.Options{MaxBody: 64 << 20})
	r := &receiver{address: l.Addr().String(), queue: flow.NewIntake(100000, flow.IntakeHooks{})}
	ctx, cancel := context.WithCancel(context.Background())
	r.server = &http.Server{Protocols: new(http.Protocols), TLSConfig: config, Handler: r.watch(in), ErrorLog: log.New(io.Discard, "", 0)}
	r.server.Protocols.SetHTTP1(true)
	r.server.Protocols.SetHTTP2(config != nil)
	r.server.Protocols.SetUnencryptedHTTP2(config == nil)
	ran := flowtest.Go(func() { in.Run(ctx, r.queue) })
	served := flowtest.Go(func() {
		if config != nil {
			r.server.ServeTLS(l, "", "")
			return
		}
		r.server.Serve(l)
	})
	r.end = sync.OnceFunc(func() {
		r.server.Close()
		cancel()
		flowtest.Soon(t, "the server has returned", served)
		flowtest.Soon(t, "the input has returned", ran)
	})
	t.Cleanup(r.end)
	return r
}

// watch notes requests and lets those fail that it is told to.
func (r *receiver) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req.UserAgent()+"|"+req.Header.Get("Content-Encoding")+req.Header.Get("Grpc-Encoding")+"|"+req.URL.Path)
		status := 0
		if r.fails != nil {
			status = r.fails()
		}
		r.mu.Unlock()
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// events returns what has arrived.
func (r *receiver) events() (out []string) {
	for _, m := range r.queue.Rest() {
		out = append(out, string(m.Text()))
	}
	return out
}

// authority signs certificates in a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.issue("ca", nil)
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// issue writes NAME.pem and NAME.key; names are those the certificate is for, nil makes it an authority.
func (a *authority) issue(name string, names []string) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: names == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if names == nil {
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", secret)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	if err := os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// server returns a configuration that asks clients for a certificate.
func (a *authority) server(names ...string) *tls.Config {
	a.t.Helper()
	a.issue("server", names)
	pair, err := tls.LoadX509KeyPair(a.path("server.pem"), a.path("server.key"))
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}
