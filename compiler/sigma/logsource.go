package sigma

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

func (r *reader) logSource(h *Header, n *yamldoc.Node) {
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n.Pos, diag.CodeLogsourceMustBeAMapping, "logsource must be a mapping, not a %s", n.Kind)
		return
	}
	for _, p := range n.Pairs {
		if p.Value.Kind != yamldoc.KindString {
			r.warnf(p.Value.Pos, diag.CodeInvalidLogsourceValue, "invalid logsource value: %s is a %s, not a string; it is ignored", p.Key, p.Value.Kind)
			continue
		}
		if strings.TrimSpace(p.Value.Text) != "" {
			h.LogSource.set(p.Key, p.Value.Text)
		}
	}
}

// set stores one dimension.
func (l *LogSource) set(key, value string) {
	switch key {
	case "category":
		l.Category = value
	case "product":
		l.Product = value
	case "service":
		l.Service = value
	case "definition":
		l.Definition = value
	default:
		l.Custom = append(l.Custom, Dimension{Key: key, Value: value})
	}
}
