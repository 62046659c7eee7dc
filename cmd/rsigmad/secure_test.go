package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned writes a certificate for localhost and its key into dir.
func selfSigned(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTheClientCommandsTalkToADaemonWithTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := selfSigned(t, dir, 1)
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http", "--enable-tail", "--tls-cert", cert, "--tls-key", key, "--reload-debounce-ms", "1",
		"--tls-client-ca", cert)
	addr := fmt.Sprintf("https://%v", p.logged("API server listening").Fields["addr"])
	if l := p.logged("API server listening"); l.message() != "API server listening (HTTPS, HTTP/2 + gRPC)" {
		t.Errorf("the log says %q", l.message())
	}
	p.logged("Event source started")
	with := []string{"--url", addr, "--ca", cert, "--cert", cert, "--key", key, "--json"}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{append([]string{"status"}, with...), 0, `"status":"running"`},
		{append([]string{"reload"}, with...), 0, `"status":"reload_completed"`},
		{append([]string{"tail", "--duration", "50ms"}, with...), 0, ""},
		{append([]string{"tap"}, with...), 3, ""},
		{[]string{"status", "--url", addr, "--ca", cert}, 3, ""},
		{[]string{"status", "--url", addr}, 3, ""},
	} {
		q := launch(t, c.args...)
		if got := q.wait(); got != c.status || !strings.Contains(q.stdout.String(), c.want) {
			t.Errorf("%s: status %d, want %d: %s\n%s", c.args[0], got, c.status, q.stdout.String(), q.log())
		}
	}
	selfSigned(t, dir, 2) // the certificate is renewed; the reload takes it over
	q := launch(t, append([]string{"reload"}, append(with[:4:4], "--json", "--cert", cert, "--key", key)...)...)
	if got := q.wait(); got != 3 {
		t.Errorf("a client with the new certificate before the reload: status %d", got)
	}
}

// TestHostileRulesAreRefusedAtOnceAndKeepTheOldOnes reloads rules that are made to take long or to take everything.
func TestHostileRulesAreRefusedAtOnceAndKeepTheOldOnes(t *testing.T) {
	t.Parallel()
	aliases := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		aliases += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	var keys strings.Builder
	keys.WriteString("title: keys\ndetection:\n  s:\n")
	for i := range 80_000 {
		fmt.Fprintf(&keys, "    k%d: x\n", i)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "r.yml")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(numbered)
	p := launch(t, "-r", dir, "--input", "http", "--reload-debounce-ms", "0").ready()
	worst := time.Duration(0)
	for name, text := range map[string]string{
		"aliases": aliases, "keys": keys.String(), "depth": "a: " + strings.Repeat("[", 100_000), "size": "title: x\n# " + strings.Repeat("x", 50<<20),
		"no UTF-8": "title: \xff\n", "a costly expression": strings.Replace(numbered, "n|exists: true", "n|re: '(a{1,1000}){1,1000}'", 1),
	} {
		put(text)
		start := time.Now()
		status, body := p.request("POST", "/api/v1/reload?wait=true", nil)
		worst = max(worst, time.Since(start))
		if status != 422 || !strings.Contains(body, "r.yml") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(1, 1))); status != 200 || len(p.output(1)) != 1 {
		t.Errorf("the old rules are gone: %d %s", status, body)
	}
	t.Logf("the slowest refusal took %s", worst.Round(time.Millisecond))
	put(numbered + "---\n" + strings.ReplaceAll(numbered, "numbered", "second"))
	p.request("POST", "/api/v1/reload?wait=true", nil)
	put(strings.ReplaceAll(numbered, "numbered", "first"))
	p.request("POST", "/api/v1/reload?wait=true", nil)
	if _, body := p.get("/api/v1/status"); !strings.Contains(body, `"changes":{"unchanged":0,"changed":1,"added":0,"removed":1}`) {
		t.Errorf("status %s", body)
	}
}
