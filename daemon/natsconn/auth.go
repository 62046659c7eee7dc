package natsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// options returns the settings of a connection. A client certificate implies that TLS is required, so that nothing else of the
// authentication goes out in clear by mistake. A server that requires TLS gets it in any case.
func options(a Auth, roots *x509.CertPool) ([]nats.Option, error) {
	opts := []nats.Option{func(o *nats.Options) error {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
		o.Secure = a.RequireTLS
		return nil
	}}
	if a.TLSCert != "" {
		opts = append(opts, nats.ClientCert(a.TLSCert, a.TLSKey))
	}
	switch {
	case a.Creds != "":
		opts = append(opts, nats.UserCredentials(a.Creds))
	case a.Token != "":
		opts = append(opts, nats.Token(a.Token))
	case a.User != "":
		opts = append(opts, nats.UserInfo(a.User, a.Password))
	case a.NKey != "":
		pair, err := nkeys.FromSeed([]byte(a.NKey))
		if err != nil {
			return nil, errors.New("the NKey is not a seed")
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, fmt.Errorf("read the NKey: %w", err)
		}
		opts = append(opts, nats.Nkey(public, pair.Sign))
	}
	return opts, nil
}
