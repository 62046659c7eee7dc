package sigma

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// structural are the top-level keys that are read by other parsers than attributes. They are never custom attributes.
var structural = []string{"detection", "correlation", "filter", "custom_attributes"}

// engineAttributes are the custom attributes of section 16 that mean something, apart from rsigma.ads.*.
var engineAttributes = []string{
	"rsigma.action",
	"rsigma.correlation_event_mode",
	"rsigma.gap",
	"rsigma.include_event",
	"rsigma.max_correlation_events",
	"rsigma.max_group_entries",
	"rsigma.suppress",
	"rsigma.timestamp_field",
	"rsigma.window",
}

// custom gathers the unknown top-level keys and lets the entries of custom_attributes override them.
func (r *reader) custom(root *yamldoc.Node, kind Kind) []Attribute {
	var out []Attribute
	for _, p := range root.Pairs {
		if !isAttribute(p.Key, kind) {
			out = r.addCustom(out, p)
		}
	}
	n := root.Get("custom_attributes")
	if n == nil {
		return out
	}
	if n.Kind != yamldoc.KindMapping {
		r.warnf(n.Pos, diag.CodeInvalidAttribute, "invalid attribute custom_attributes: expected a mapping, not a %s; it is ignored", n.Kind)
		return out
	}
	for _, p := range n.Pairs {
		out = r.addCustom(out, p)
	}
	return out
}

// isAttribute reports whether key has a meaning of its own at the top of a document.
func isAttribute(key string, kind Kind) bool {
	_, ok := attributes[key]
	return ok || slices.Contains(structural, key) || kind == KindCorrelation && key == "generate"
}

// addCustom sets the attribute p, in its old place if there is one already.
func (r *reader) addCustom(list []Attribute, p yamldoc.Pair) []Attribute {
	if name, ok := strings.CutPrefix(p.Key, "rsigma."); ok && !strings.HasPrefix(name, "ads.") && !slices.Contains(engineAttributes, p.Key) {
		r.warnf(p.KeyPos, diag.CodeUnknownAttribute, "unknown attribute %q", p.Key).Hint = diag.Suggest(p.Key, engineAttributes)
	}
	for i := range list {
		if list[i].Key == p.Key {
			list[i].Value = p.Value
			return list
		}
	}
	return append(list, Attribute{Key: p.Key, Value: p.Value})
}

// Attribute returns the custom attribute key, or nil if the document has none.
func (h *Header) Attribute(key string) *yamldoc.Node {
	for i := range h.Custom {
		if h.Custom[i].Key == key {
			return h.Custom[i].Value
		}
	}
	return nil
}

// IsCustomKey reports whether key, at the top of a detection rule or filter, is a custom attribute.
func IsCustomKey(key string) bool { return key != "action" && !isAttribute(key, KindRule) }
