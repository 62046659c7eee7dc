package rtlib

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// ParseNetwork reads an operand of CIDR, with host bits cleared.
func ParseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		if a.Zone() != "" {
			return netip.Prefix{}, errors.New("a network has no zone")
		}
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return p.Masked(), nil
}

// newCIDR compiles the operator on networks: CIDR.
//
//	Ip|cidr: 10.0.0.0/8   →   &Pred{Op: CIDR, Field: "Ip", Strings: []string{"10.0.0.0/8"}}
//
// Host bits are ignored and a bare address is a network of one. The text of the field must be exactly an address. IPv4 and
// IPv6 never mix; an IPv4-mapped IPv6 address is IPv6.
//
// Source: sigma-language.md section 8.7; vectors modifiers.yml.
func newCIDR(p *Pred) (matcher, error) {
	var nets []netip.Prefix
	for _, s := range p.Strings {
		n, err := ParseNetwork(s)
		if err != nil {
			return nil, err
		}
		nets = append(nets, n)
	}
	if !p.All {
		return newNetworkSet(nets), nil
	}
	var ms []matcher
	for _, n := range nets {
		ms = append(ms, newNetworkSet([]netip.Prefix{n}))
	}
	return combine(true, ms), nil
}

// networkSet holds networks and the prefix lengths that occur, so that an address costs one lookup per length.
type networkSet struct {
	bits4, bits6 []int
	members      map[netip.Prefix]struct{}
}

func newNetworkSet(nets []netip.Prefix) *networkSet {
	s := &networkSet{members: make(map[netip.Prefix]struct{}, len(nets))}
	for _, n := range nets {
		s.members[n] = struct{}{}
		if n.Addr().Is4() {
			s.bits4 = append(s.bits4, n.Bits())
		} else {
			s.bits6 = append(s.bits6, n.Bits())
		}
	}
	for _, bits := range []*[]int{&s.bits4, &s.bits6} {
		slices.Sort(*bits)
		*bits = slices.Compact(*bits)
	}
	return s
}

func (m *networkSet) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.has)
}

func (m *networkSet) has(v *Value) bool {
	a, ok := parseAddr(v.Text)
	if !ok {
		return false
	}
	lengths := m.bits6
	if a.Is4() {
		lengths = m.bits4
	}
	for _, n := range lengths {
		net, _ := a.Prefix(n)
		if _, ok := m.members[net]; ok {
			return true
		}
	}
	return false
}

// parseAddr reads an IPv4 or IPv6 address without zone. Unlike netip.ParseAddr it allocates nothing for the texts that are
// none, which are most.
func parseAddr(s string) (netip.Addr, bool) {
	if len(s) > len("0000:0000:0000:0000:0000:ffff:255.255.255.255") {
		return netip.Addr{}, false
	}
	if strings.IndexByte(s, ':') < 0 {
		a, ok := parseIPv4(s)
		return netip.AddrFrom4(a), ok
	}
	a, ok := parseIPv6(s)
	return netip.AddrFrom16(a), ok
}

func parseIPv4(s string) (a [4]byte, ok bool) {
	for i := range a {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		if n == 0 || n > 3 || n > 1 && s[0] == '0' {
			return a, false
		}
		part := 0
		for _, c := range []byte(s[:n]) {
			part = part*10 + int(c-'0')
		}
		if part > 255 {
			return a, false
		}
		a[i] = byte(part)
		s = s[n:]
		if i < 3 {
			if s == "" || s[0] != '.' {
				return a, false
			}
			s = s[1:]
		}
	}
	return a, s == ""
}

func parseIPv6(s string) (a [16]byte, ok bool) {
	n, gap := 0, -1 // bytes written; where :: stands
	if strings.HasPrefix(s, "::") {
		gap, s = 0, s[2:]
	}
	for s != "" {
		group, size := hexGroup(s)
		if size == 0 || n == len(a) {
			return a, false
		}
		rest := s[size:]
		if rest != "" && rest[0] == '.' {
			v4, ok := parseIPv4(s)
			if !ok || n > len(a)-4 {
				return a, false
			}
			n += copy(a[n:], v4[:])
			s = ""
			break
		}
		a[n], a[n+1] = byte(group>>8), byte(group)
		n += 2
		switch {
		case rest == "":
			s = ""
		case strings.HasPrefix(rest, "::") && gap < 0:
			gap, s = n, rest[2:]
		case rest[0] == ':' && len(rest) > 1:
			s = rest[1:]
		default:
			return a, false
		}
	}
	return spreadGap(a, n, gap)
}

// spreadGap moves the bytes after :: to the end of the address. The gap stands for at least one group.
func spreadGap(a [16]byte, n, gap int) ([16]byte, bool) {
	if gap < 0 || n == len(a) {
		return a, gap < 0 && n == len(a)
	}
	var out [16]byte
	copy(out[:], a[:gap])
	copy(out[len(out)-(n-gap):], a[gap:n])
	return out, true
}

// hexGroup reads up to four hexadecimal digits at the front of s.
func hexGroup(s string) (group uint16, size int) {
	for size < len(s) {
		c := s[size]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return group, size
		}
		if size == 4 {
			return 0, 0
		}
		group = group<<4 | uint16(c)
		size++
	}
	return group, size
}
