package rtlib

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestCIDR(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		nets, addr string
		want       bool
	}{
		{"10.0.0.0/8", "10.255.1.2", true}, {"10.0.0.0/8", "11.0.0.1", false}, {"10.0.0.0/8", "10.0.0.1:443", false},
		{"10.0.0.0/8", " 10.0.0.1", false}, {"10.0.0.0/8", "10.0.0.01", false}, {"10.0.0.0/8", "::ffff:10.0.0.1", false},
		{"10.1.2.3/16", "10.1.200.1", true}, {"10.1.2.3/16", "10.2.0.1", false}, {"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::1", false}, {"0.0.0.0/0", "", false}, {"::/0", "::1", true}, {"::/0", "1.2.3.4", false},
		{"fe80::/10", "FE80::1", true}, {"fe80::/10", "febf:ffff::", true}, {"fe80::/10", "fec0::1", false},
		{"fe80::/10", "fe80::1%eth0", false}, {"fe80::/10", "[fe80::1]", false}, {"192.0.2.7 2001:db8::7", "2001:DB8:0::7", true},
		{"192.0.2.7 2001:db8::7", "192.0.2.8", false}, {"::ffff:0:0/96", "::ffff:10.0.0.1", true},
	} {
		p := pred(CIDR, strings.Fields(row.nets)...)
		if got := p.Match(textEvent(t, row.addr, p)); got != row.want {
			t.Errorf("%s in %s: got %v", row.addr, row.nets, got)
		}
	}
	for _, bad := range []string{"", "fe80::1%eth0", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fe80::1%eth0/64", "x", "10.0.0.0/-1", "10.0.0.0/08"} {
		if err := pred(CIDR, bad).prepare(); err == nil {
			t.Errorf("network %q is accepted", bad)
		}
	}
}

func TestManyNetworks(t *testing.T) {
	t.Parallel()
	var nets []string
	for i := range 5000 {
		nets = append(nets, fmt.Sprintf("10.%d.%d.0/%d", i/256, i%256, 24+i%2))
	}
	p := pred(CIDR, nets...)
	runHolds(t, []holds{
		{p, `{"f":"10.0.2.200"}`, true}, {p, `{"f":"10.0.1.200"}`, false}, {p, `{"f":"10.0.1.100"}`, true}, {p, `{"f":"10.200.0.1"}`, false},
	})
}

var addresses = []string{
	"", ":", "::", ":::", "1::", "::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9",
	"1:2:3:4:5:6:7:8::", "1::2::3", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4", "1.2.3",
	"1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.", ".1.2.3", "12345::", "1:", ":1", "1:2", "g::", "::1.2.3.4:5", "1.2.3.4::", "::1%a",
	"0.0.0.0", "::00001", "abcd:EF01::0", "1:2:3:4:5:6:7:", "::1.2.3.04", "1234567", "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:6::1.2.3.4",
}

// agreeOnAddress compares the parser with that of package net/netip.
func agreeOnAddress(t *testing.T, s string) {
	want, err := netip.ParseAddr(s)
	got, ok := parseAddr(s)
	if ok != (err == nil && want.Zone() == "") || ok && got != want {
		t.Errorf("%q: got %v, %v; netip says %v, %v", s, got, ok, want, err)
	}
}

func TestAddressesAreThoseOfNetip(t *testing.T) {
	t.Parallel()
	for _, s := range addresses {
		agreeOnAddress(t, s)
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range addresses {
		f.Add(s)
	}
	f.Fuzz(agreeOnAddress)
}
