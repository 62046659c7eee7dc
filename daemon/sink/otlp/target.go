package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// target is what an address says.
type target struct {
	name         string // without the query, for errors
	http, secure bool
	host         string // with the port
	path         string // of HTTP
	gzip         bool

	ca, clientCert, clientKey, domain string
}

// schemes of addresses.
var schemes = map[string]target{
	"otlp": {}, "otlps": {secure: true}, "otlphttp": {http: true}, "otlphttps": {http: true, secure: true},
}

// parse reads an address. Parameters that belong to every sink, on_full and format, are ignored.
func parse(address string) (target, error) {
	name, query, _ := strings.Cut(address, "?")
	scheme, rest, _ := strings.Cut(name, "://")
	t, ok := schemes[scheme]
	if !ok {
		return t, fmt.Errorf("%q: want otlp://, otlps://, otlphttp:// or otlphttps://", name)
	}
	t.name = name
	host, path, hasPath := strings.Cut(rest, "/")
	if host == "" || strings.ContainsAny(host, "@# ") {
		return t, fmt.Errorf("%q: want %s://HOST:PORT", name, scheme)
	}
	t.host = withPort(host, t.http)
	switch {
	case !t.http && path != "":
		return t, fmt.Errorf("%q: gRPC has no paths; want %s://HOST:PORT", name, scheme)
	case t.http && hasPath && path != "":
		t.path = "/" + path
	default:
		t.path = "/v1/logs"
	}
	if err := t.query(query); err != nil {
		return t, fmt.Errorf("%q: %w", name, err)
	}
	return t, nil
}

// withPort adds the port that is usual for the transport.
func withPort(host string, http bool) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "4317"
	if http {
		port = "4318"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// query reads the parameters.
func (t *target) query(text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return err
	}
	paths := map[string]*string{"ca": &t.ca, "client_cert": &t.clientCert, "client_key": &t.clientKey, "tls_domain": &t.domain}
	for key, list := range values {
		to := paths[key]
		switch {
		case len(list) > 1:
			return fmt.Errorf("%s is given twice", key)
		case key == "on_full" || key == "format":
		case key == "compression":
			if list[0] != "gzip" {
				return fmt.Errorf("compression=%s: there is gzip only", list[0])
			}
			t.gzip = true
		case to == nil:
			return fmt.Errorf("unknown parameter %s: there are compression, ca, client_cert, client_key and tls_domain", key)
		case list[0] == "":
			return fmt.Errorf("%s is empty", key)
		case !t.secure:
			return fmt.Errorf("%s needs TLS: use otlps:// or otlphttps://", key)
		default:
			*to = list[0]
		}
	}
	if (t.clientCert == "") != (t.clientKey == "") {
		return errors.New("client_cert and client_key belong together")
	}
	return nil
}

// tlsConfig reads the certificates; it is nil without TLS.
func (t *target) tlsConfig() (*tls.Config, error) {
	if !t.secure {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.domain}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca %s: no certificate in it", t.ca)
		}
	}
	if t.clientCert != "" {
		pair, err := tls.LoadX509KeyPair(t.clientCert, t.clientKey)
		if err != nil {
			return nil, fmt.Errorf("client_cert, client_key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
