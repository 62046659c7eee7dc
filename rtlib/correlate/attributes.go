package correlate

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
)

// defaultTimestampFields are tried after those that users name (section 14.3).
var defaultTimestampFields = []string{"@timestamp", "timestamp", "EventTime", "TimeCreated", "eventTime"}

// withAttributes returns opts with what attributes of rules add: defaults on detection rules, of which the first wins, where
// opts has none; and timestamp fields on any rule, of which the last comes first. Unusable values are ignored; the compiler
// warns of them.
//
// Source: sigma-language.md section 16.
func withAttributes(opts Options, detections []*rtlib.Rule, rules []*Rule) Options {
	fields := append(slices.Clone(opts.TimestampFields), defaultTimestampFields...)
	timestampField := func(attributes map[string]any) {
		if name, ok := attributes["rsigma.timestamp_field"].(string); ok && name != "" && !slices.Contains(fields, name) {
			fields = slices.Insert(fields, 0, name)
		}
	}
	for _, d := range detections {
		attributes := customAttributes(&d.Meta)
		timestampField(attributes)
		if opts.Suppress == 0 {
			opts.Suppress = parseTimespan(attributes["rsigma.suppress"])
		}
		if opts.Action == ActionDefault {
			switch attributes["rsigma.action"] {
			case ActionAlert.String():
				opts.Action = ActionAlert
			case ActionReset.String():
				opts.Action = ActionReset
			}
		}
	}
	for _, r := range rules {
		timestampField(customAttributes(&r.Meta))
	}
	opts.TimestampFields = fields
	return opts
}

// customAttributes returns the custom attributes of a rule, nil if there are none.
func customAttributes(m *rtlib.Meta) map[string]any {
	if m.Custom == "" {
		return nil
	}
	var attributes map[string]any
	if err := json.Unmarshal([]byte(m.Custom), &attributes); err != nil {
		return nil
	}
	return attributes
}

// timespanUnits are the units of a timespan in seconds (section 14.1).
var timespanUnits = map[byte]int64{
	's': 1, 'm': 60, 'h': 60 * 60, 'd': 24 * 60 * 60, 'w': 7 * 24 * 60 * 60, 'M': 2_629_746, 'y': 31_556_952,
}

// parseTimespan returns the seconds that v, the value of an attribute, says, or 0 if it is not a timespan: digits and a unit.
func parseTimespan(v any) int64 {
	s, ok := v.(string)
	if !ok || len(s) < 2 {
		return 0
	}
	unit := timespanUnits[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 63)
	if err != nil || unit == 0 || int64(n) > math.MaxInt64/unit {
		return 0
	}
	return int64(n) * unit
}
