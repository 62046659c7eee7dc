package modifier

import (
	"net/netip"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// cidr types a value of the modifier "cidr" (section 8.7). It returns nil after an error.
func (a *applier) cidr(c *chain, n *yamldoc.Node) sigma.Value {
	text, ok := a.scalarText(n, "modifier cidr")
	if !ok {
		return nil
	}
	if p := readRaw(text); c.expand && hasPlaceholder(p) {
		return c.deferred(p)
	}
	return network(text, func(severity diag.Severity, code diag.Code, format string, args ...any) {
		if severity == diag.SeverityWarning {
			a.warnf(n.Pos, code, format, args...)
			return
		}
		a.errorf(n.Pos, code, format, args...)
	})
}

// scalarText returns the text of a string or number, and reports an error for other types.
func (a *applier) scalarText(n *yamldoc.Node, what string) (string, bool) {
	if n.Kind == yamldoc.KindString {
		return n.Text, true
	}
	if number, ok := sigma.NumberOf(n); ok {
		return number.Text, true
	}
	a.valueType(n, what)
	return "", false
}

// network reads a network, or an address as the network of that host alone. It returns nil after an error.
func network(text string, report Report) sigma.Value {
	prefix, ok := parseNetwork(text)
	if !ok {
		report(diag.SeverityError, diag.CodeInvalidCIDR, "invalid cidr %q: expected an address, or an address and a prefix length", text)
		return nil
	}
	if masked := prefix.Masked(); masked != prefix {
		report(diag.SeverityWarning, diag.CodeHostBits, "host bits of %q are ignored: the network is %s", text, masked)
		prefix = masked
	}
	return sigma.Network{Prefix: prefix}
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix, true
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, addr.BitLen()), true
}
