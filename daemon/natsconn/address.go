package natsconn

import "github.com/rsigma-go/rsigma/daemon/natsconf"

// What is read and checked without a connection.
type (
	Address = natsconf.Address
	Auth    = natsconf.Auth
)

// Scheme begins every address.
const Scheme = natsconf.Scheme

// ParseURL is natsconf.ParseURL.
func ParseURL(text string) (Address, error) { return natsconf.ParseURL(text) }

// ValidSubject is natsconf.ValidSubject.
func ValidSubject(subject string) error { return natsconf.ValidSubject(subject) }

// ValidName is natsconf.ValidName.
func ValidName(name string) error { return natsconf.ValidName(name) }

// Concrete is natsconf.Concrete.
func Concrete(subject string) bool { return natsconf.Concrete(subject) }
