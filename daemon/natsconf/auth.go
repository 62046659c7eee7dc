package natsconf

import (
	"errors"
	"fmt"
	"strings"
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

// Validate says which settings exclude or need each other. It opens no file, and its errors hold no secret. Whether a seed has
// the right checksum shows when it is used.
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
	if a.NKey != "" && !looksLikeSeed(a.NKey) {
		return errors.New("--nats-nkey (NATS_NKEY) is not a seed: one begins with SU")
	}
	return nil
}

// looksLikeSeed reports whether text has the length and the letters of a seed of an nkey.
func looksLikeSeed(text string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	return len(text) == 58 && text[0] == 'S' && strings.Trim(text, alphabet) == ""
}
