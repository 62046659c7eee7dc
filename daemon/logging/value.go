package logging

import (
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendAttr appends a comma and an attribute. Groups are flattened into names.
func appendAttr(dst []byte, prefix string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, x := range v.Group() {
			dst = appendAttr(dst, prefix, x)
		}
		return dst
	}
	if a.Equal(slog.Attr{}) {
		return dst
	}
	dst = append(dst, ',')
	dst = appendString(dst, prefix+a.Key)
	dst = append(dst, ':')
	return appendValue(dst, v)
}

func appendValue(dst []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendString(dst, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(dst, v.Uint64(), 10)
	case slog.KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case slog.KindFloat64:
		if f := v.Float64(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
	case slog.KindDuration:
		return appendString(dst, v.Duration().String())
	case slog.KindTime:
		return appendString(dst, v.Time().UTC().Format(time.RFC3339Nano))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return appendString(dst, err.Error())
		}
		if text, err := json.Marshal(v.Any()); err == nil {
			return append(dst, text...)
		}
	}
	return appendString(dst, v.String())
}

const hex = "0123456789abcdef"

// appendString appends s as a JSON string. Control characters, and those that reorder or hide text on a terminal, are escaped;
// bytes that are no UTF-8 become U+FFFD.
//
// Source: reliability.md T16.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20 || 0x7f <= r && r < 0xa0 || reorders(r):
			dst = append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// reorders reports whether r is a bidirectional control, a line separator or invisible.
func reorders(r rune) bool {
	switch {
	case r == 0x061c, 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff:
		return true
	}
	return false
}
