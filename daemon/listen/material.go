package listen

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// material is the certificates in use. New handshakes use what was loaded last; open connections go on with what they have.
type material struct {
	opts    *Options
	current atomic.Pointer[loaded]
}

// loaded is what a set of files held.
type loaded struct {
	config *tls.Config
	leaf   *x509.Certificate
}

// expirySoon is how long before its end a certificate is worth a warning.
const expirySoon = 30 * 24 * time.Hour

func (m *material) reload() error {
	next, err := m.opts.loadMaterial()
	if err != nil {
		return err
	}
	m.current.Store(next)
	switch left := time.Until(next.leaf.NotAfter); {
	case left < 0:
		m.opts.Log.Warn("TLS certificate has expired", "path", m.opts.CertFile, "not_after", next.leaf.NotAfter)
	case left < expirySoon:
		m.opts.Log.Warn("TLS certificate expires soon", "path", m.opts.CertFile, "not_after", next.leaf.NotAfter, "days", int(left.Hours()/24))
	}
	if info, err := os.Stat(m.opts.KeyFile); err == nil && info.Mode().Perm()&0o077 != 0 {
		m.opts.Log.Warn("TLS key can be read by others than its owner: chmod 600", "path", m.opts.KeyFile)
	}
	return nil
}

// config returns the configuration of the server; it asks for the current certificates at each handshake.
func (m *material) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12, // the real one is in the current configuration
		NextProtos:         protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return m.current.Load().config, nil },
	}
}

// protocols are offered during the handshake.
var protocols = []string{"h2", "http/1.1"}

// modernSuites are the suites of TLS 1.2 that encrypt and authenticate at once.
var modernSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// loadMaterial reads certificates, key and client CA.
func (o *Options) loadMaterial() (*loaded, error) {
	version, err := o.minVersion()
	if err != nil {
		return nil, err
	}
	certPEM, err := os.ReadFile(o.CertFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	if block, _ := pem.Decode(certPEM); block == nil {
		return nil, fmt.Errorf("--tls-cert %s: no certificate in it", o.CertFile)
	}
	keyPEM, err := o.readKey()
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", o.CertFile, o.KeyFile, err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s: %w", o.CertFile, err)
	}
	c := &tls.Config{
		MinVersion: version, NextProtos: protocols, CipherSuites: modernSuites, Certificates: []tls.Certificate{pair},
	}
	if o.ClientCAFile != "" {
		if c.ClientCAs, err = readPool(o.ClientCAFile); err != nil {
			return nil, err
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return &loaded{c, leaf}, nil
}

// decrypt says how to get rid of a password.
const decrypt = "decrypt the key with: openssl rsa -in KEY -out PLAIN"

// readKey reads the key file: PKCS#8, PKCS#1 or SEC 1.
func (o *Options) readKey() ([]byte, error) {
	data, err := os.ReadFile(o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-key: %w", err)
	}
	block, _ := pem.Decode(data)
	switch {
	case block == nil:
		return nil, fmt.Errorf("--tls-key %s: no key in it", o.KeyFile)
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, fmt.Errorf("--tls-key %s: the key is encrypted; %s", o.KeyFile, decrypt)
	}
	return data, nil
}

func readPool(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--tls-client-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("--tls-client-ca %s: no certificate in it", path)
	}
	return pool, nil
}

// Reload reads the certificates anew, for handshakes from now on. On an error those in use stay. Without TLS it does nothing.
func (l *Listener) Reload() error {
	if l.tls == nil {
		return nil
	}
	return l.tls.reload()
}

// Expiry returns when the certificate in use ends; false without TLS.
func (l *Listener) Expiry() (time.Time, bool) {
	if l.tls == nil {
		return time.Time{}, false
	}
	return l.tls.current.Load().leaf.NotAfter, true
}
