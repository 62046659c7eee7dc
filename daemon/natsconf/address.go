package natsconf

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Scheme begins every address.
const Scheme = "nats://"

// Address is a server and a subject.
type Address struct {
	// Server is what the client connects to: the scheme and the authority as they were given, which may carry a user and a
	// password and name several servers, separated by commas. Redacted is the same without secrets.
	Server, Redacted string
	Subject          string
}

// ParseURL reads nats://AUTHORITY/SUBJECT. The first slash separates the two; without one the subject is >, which is all of them.
// Nothing is percent-decoded, and a query must have been cut off before. Errors do not repeat a password.
//
// Source: daemon.md section 18.1.
func ParseURL(text string) (Address, error) {
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return Address{}, errors.New("want nats://HOST:PORT/SUBJECT")
	}
	authority, subject, found := strings.Cut(rest, "/")
	if !found {
		subject = ">"
	}
	a := Address{Server: Scheme + authority, Subject: subject}
	var err error
	if a.Redacted, err = redact(authority); err != nil {
		return Address{}, err
	}
	if subject == "" {
		return Address{}, fmt.Errorf("%s/ names no subject: write one behind the slash, or leave the slash out for all of them", a.Redacted)
	}
	return a, ValidSubject(subject)
}

// redact checks an authority and returns the address of its servers without users and passwords.
func redact(authority string) (string, error) {
	var out []string
	for server := range strings.SplitSeq(authority, ",") {
		u, err := url.Parse(Scheme + server)
		if err != nil || u.Hostname() == "" || u.Host != server[strings.LastIndexByte(server, '@')+1:] {
			return "", errors.New("want nats://HOST:PORT/SUBJECT, where special characters of a user or a password are percent-encoded")
		}
		out = append(out, u.Host)
	}
	return Scheme + strings.Join(out, ","), nil
}

// ValidSubject says what is wrong with a subject, which may hold wildcards.
func ValidSubject(subject string) error {
	if strings.ContainsFunc(subject, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("subject %q holds a space or a control character", subject)
	}
	tokens := strings.Split(subject, ".")
	for i, t := range tokens {
		switch {
		case t == "":
			return fmt.Errorf("subject %q has an empty part: every dot needs a name on both sides", subject)
		case t == ">" && i < len(tokens)-1:
			return fmt.Errorf("subject %q: > can only be the last part", subject)
		case len(t) > 1 && strings.ContainsAny(t, "*>"):
			return fmt.Errorf("subject %q: a wildcard must be a whole part", subject)
		case strings.ContainsAny(t, `/\`):
			return fmt.Errorf("subject %q holds a slash, so that no stream can be named after it", subject)
		}
	}
	return nil
}

// Concrete reports whether subject holds no wildcard.
func Concrete(subject string) bool { return !strings.ContainsAny(subject, "*>") }

// ValidName says what is wrong with the name of a consumer.
func ValidName(name string) error {
	switch {
	case name == "":
		return errors.New("the name of a consumer is empty")
	case len(name) > 255:
		return fmt.Errorf("the name of a consumer has %d bytes; 255 are allowed", len(name))
	case strings.ContainsAny(name, `.*>/\`), strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return fmt.Errorf(`consumer name %q: spaces, dots, wildcards and slashes are not allowed`, name)
	}
	return nil
}
