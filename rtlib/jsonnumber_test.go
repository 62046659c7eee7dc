package rtlib

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestNumberText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw, text string
		kind      Kind
	}{
		{"0", "0", Int},
		{"-0", "0", Int},
		{"4688", "4688", Int},
		{"-9223372036854775808", "-9223372036854775808", Int},
		{"9223372036854775807", "9223372036854775807", Int},
		{"9223372036854775808", "9223372036854775808", Float},
		{"18446744073709551615", "18446744073709551615", Float},
		{"18446744073709551616", "18446744073709552000", Float},
		{"-9223372036854775809", "-9223372036854776000", Float},
		{"1.0", "1", Float},
		{"-0.0", "0", Float},
		{"-0e5", "0", Float},
		{"1e-400", "0", Float},
		{"2.50", "2.5", Float},
		{"100.00", "100", Float},
		{"1e3", "1000", Float},
		{"1E+2", "100", Float},
		{"1e-7", "0.0000001", Float},
		{"1e23", "100000000000000000000000", Float},
		{"0.30000000000000004", "0.30000000000000004", Float},
		{"0.1000000000000000055511151231257827", "0.1", Float},
		{"1588205145.839054", "1588205145.839054", Float},
		{"1e999", "1e999", Float},
		{"-1e999", "-1e999", Float},
	} {
		if text, kind := NumberText(c.raw); text != c.text || kind != c.kind {
			t.Errorf("NumberText(%s) = %s, %d, want %s, %d", c.raw, text, kind, c.text, c.kind)
		}
	}
}

func TestNumberTextOfCanonicalNumbersAllocatesNothing(t *testing.T) {
	for _, raw := range []string{"4688", "-1", "9223372036854775807", "1.50", "0.30000000000000004"} {
		if n := testing.AllocsPerRun(100, func() { NumberText(raw) }); n != 0 {
			t.Errorf("%s: %v allocations", raw, n)
		}
	}
}

func FuzzNumberText(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "1e999", "12345678901234567890", "0.1e-7", "123456.7890"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') || strings.TrimSpace(raw) != raw {
			t.Skip()
		}
		text, kind := NumberText(raw)
		if wantText, wantKind := naiveNumberText(raw); text != wantText || kind != wantKind {
			t.Errorf("NumberText(%s) = %s, %d, want %s, %d", raw, text, kind, wantText, wantKind)
		}
	})
}

func naiveNumberText(raw string) (string, Kind) {
	if !strings.ContainsAny(raw, ".eE") {
		if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
			return strconv.FormatInt(n, 10), Int
		}
		if n, err := strconv.ParseUint(raw, 10, 64); err == nil {
			return strconv.FormatUint(n, 10), Float
		}
	}
	f, _ := strconv.ParseFloat(raw, 64)
	switch {
	case math.IsInf(f, 0):
		return raw, Float
	case f == 0:
		return "0", Float
	}
	return strconv.FormatFloat(f, 'f', -1, 64), Float
}
