package rulefmt

import (
	"slices"
	"strings"
)

// orders are the canonical orders of the keys of a mapping, by the key it stands under ("" is the document). "…" is the place of all other
// keys, which keep their order.
var orders = map[string][]string{
	"": strings.Fields("action title id name related status sigma-version description license references author date modified tags taxonomy scope " +
		"logsource detection correlation filter generate custom_attributes fields falsepositives level …"),
	"logsource":   strings.Fields("… definition"),
	"detection":   strings.Fields("… timeframe condition"),
	"filter":      strings.Fields("rules … condition"),
	"correlation": strings.Fields("type rules group-by timespan window gap aliases … condition"),
}

// childOrder returns the name of the order for what stands under child in a mapping of order parent.
func childOrder(parent, child string) string {
	if parent == "" && orders[child] != nil && child != "" {
		return child
	}
	return "none"
}

// rank returns the place of key in an order.
func rank(order []string, key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return slices.Index(order, "…")
}
