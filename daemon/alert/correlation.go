package alert

import (
	"math"
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// AppendCorrelation appends the result for a firing: one JSON object without a line break. engine names the engine that the
// rule runs on.
//
// Source: daemon.md section 14.3.
func (f *Format) AppendCorrelation(dst []byte, firing *correlate.Firing, engine string) []byte {
	r := firing.Rule
	dst = appendHead(dst, &r.Meta)
	dst = append(dst, `,"correlation_type":`...)
	dst = rtlib.AppendJSONString(dst, r.Type.String())
	dst = append(dst, `,"group_key":[`...)
	for i, g := range firing.Group {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rtlib.AppendJSONString(append(dst, '['), g.Name)
		dst = append(rtlib.AppendJSONString(append(dst, ','), g.Value), ']')
	}
	dst = append(dst, `],"aggregated_value":`...)
	dst = appendFloat(dst, firing.Value)
	dst = append(dst, `,"timespan_secs":`...)
	dst = strconv.AppendInt(dst, r.Timespan, 10)
	dst = appendContributing(dst, firing)
	return append(f.appendProvenance(dst, &r.Meta, engine), '}')
}

// appendContributing appends the events that led to a firing, or references to them.
func appendContributing(dst []byte, firing *correlate.Firing) []byte {
	if firing.Events != nil {
		dst = append(dst, `,"events":[`...)
		for i, ev := range firing.Events {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, ev...)
		}
		dst = append(dst, ']')
	}
	if firing.Refs != nil {
		dst = append(dst, `,"event_refs":[`...)
		for i, ref := range firing.Refs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(append(dst, `{"timestamp":`...), ref.Time, 10)
			if ref.HasID {
				dst = rtlib.AppendJSONString(append(dst, `,"id":`...), ref.ID)
			}
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	return dst
}

// The magnitudes between which a number is written without an exponent.
const (
	minPlain = 1e-5
	maxPlain = 1e16
)

// appendFloat appends v, always with a fraction or an exponent, so that readers see a floating-point number.
func appendFloat(dst []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < minPlain || a >= maxPlain) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}
