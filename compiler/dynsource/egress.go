package dynsource

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Egress says which addresses may be connected to. It is enforced on the address that a connection really goes to, so that neither names
// that resolve to something else the next time, nor redirects, nor literal addresses get around it.
//
// Source: dynamic-sources.md section 12.1; reliability.md T10.
type Egress int

// The policies.
const (
	EgressDefault Egress = iota // neither link-local addresses nor cloud metadata
	EgressStrict                // nor loopback and private ones
	EgressPermissive
)

// ParseEgress reads the name of a policy.
func ParseEgress(name string) (Egress, error) {
	for i, n := range []string{"default", "strict", "permissive"} {
		if n == name {
			return Egress(i), nil
		}
	}
	return 0, fmt.Errorf("--egress-policy %q: want default, strict or permissive", name)
}

// class is a kind of address and the prefixes that make it up.
type class struct {
	name     string
	strict   bool // denied by EgressStrict only
	prefixes []netip.Prefix
}

var classes = []class{
	{"unspecified", false, prefixes("0.0.0.0/32", "::/128")},
	{"link-local", false, prefixes("169.254.0.0/16", "fe80::/10")},
	{"cloud metadata", false, prefixes("fd00:ec2::254/128")},
	{"multicast", false, prefixes("224.0.0.0/4", "ff00::/8")},
	{"broadcast", false, prefixes("255.255.255.255/32")},
	{"loopback", true, prefixes("127.0.0.0/8", "::1/128")},
	{"private", true, prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")},
	{"reserved", true, prefixes("100.64.0.0/10", "0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4")},
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// deniedError says that the policy denies an address. Errors of dialers hold it.
type deniedError struct{ class, addr string }

func (e *deniedError) Error() string {
	return fmt.Sprintf("egress policy denied %s address %s", e.class, e.addr)
}

// Addresses of IPv6 that hold one of IPv4.
var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// Check returns an error if e denies addr.
func (e Egress) Check(addr netip.Addr) error {
	if e == EgressPermissive {
		return nil
	}
	inner := embedded(addr.WithZone(""))
	for _, c := range classes {
		if c.strict && e != EgressStrict {
			continue
		}
		for _, p := range c.prefixes {
			if p.Contains(inner) {
				return &deniedError{c.name, addr.String()}
			}
		}
	}
	return nil
}

// embedded returns the IPv4 address that addr holds, else addr.
func embedded(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	b := addr.As16()
	switch {
	case !addr.Is6():
		return addr
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}

// Dialer returns a dialer that connects only to what e allows.
func (e Egress) Dialer() *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return &deniedError{"unknown", address}
		}
		return e.Check(ap.Addr())
	}}
}
