package natsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Auth is how the daemon makes itself known, and what it demands of the connection.
//
// Source: daemon.md sections 4.8 and 18.2.
type Auth struct {
	Creds          string // path of a credentials file
	Token          string
	User, Password string
	NKey           string // a seed
	TLSCert        string // path of a client certificate
	TLSKey         string // path of its key
	RequireTLS     bool   // fail if the server does not offer TLS
}

// Environment returns a with what the environment says where a says nothing. lookup is os.Getenv.
func (a Auth) Environment(lookup func(string) string) Auth {
	for name, field := range map[string]*string{
		"NATS_CREDS": &a.Creds, "NATS_TOKEN": &a.Token, "NATS_USER": &a.User, "NATS_PASSWORD": &a.Password, "NATS_NKEY": &a.NKey,
	} {
		if *field == "" {
			*field = lookup(name)
		}
	}
	return a
}

// Validate says which settings exclude or need each other. It opens no file, and its errors hold no secret.
func (a Auth) Validate() error {
	var given string
	for _, m := range []struct{ flag, value string }{
		{"--nats-creds (NATS_CREDS)", a.Creds}, {"--nats-token (NATS_TOKEN)", a.Token},
		{"--nats-user (NATS_USER)", a.User}, {"--nats-nkey (NATS_NKEY)", a.NKey},
	} {
		switch {
		case m.value == "":
		case given != "":
			return fmt.Errorf("%s and %s exclude each other: give one of them", given, m.flag)
		default:
			given = m.flag
		}
	}
	switch {
	case a.User != "" && a.Password == "":
		return errors.New("--nats-user (NATS_USER) needs --nats-password (NATS_PASSWORD)")
	case a.User == "" && a.Password != "":
		return errors.New("--nats-password (NATS_PASSWORD) needs --nats-user (NATS_USER)")
	case (a.TLSCert == "") != (a.TLSKey == ""):
		return errors.New("--nats-tls-cert and --nats-tls-key need each other")
	}
	if a.NKey != "" {
		if _, err := nkeys.FromSeed([]byte(a.NKey)); err != nil {
			return errors.New("--nats-nkey (NATS_NKEY) is not a seed: one begins with SU")
		}
	}
	return nil
}

// options returns the settings of a connection. A client certificate implies that TLS is required, so that nothing else of the
// authentication goes out in clear by mistake. A server that requires TLS gets it in any case.
func (a Auth) options(roots *x509.CertPool) ([]nats.Option, error) {
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
