package sigma

import (
	"math"
	"strconv"
)

// unitSeconds holds the length of the timespan units. A month and a year are the mean ones of the Gregorian calendar.
var unitSeconds = map[byte]int64{
	's': 1,
	'm': 60,
	'h': 3600,
	'd': 86400,
	'w': 604800,
	'M': 2629746,
	'y': 31556952,
}

// ParseTimespan reads digits followed by one of s, m, h, d, w, M and y and returns seconds. It reports false for any other
// text, for zero, and for spans that do not fit 64 bits.
func ParseTimespan(text string) (int64, bool) {
	if len(text) < 2 {
		return 0, false
	}
	digits, unit := text[:len(text)-1], unitSeconds[text[len(text)-1]]
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == 0 || unit == 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}
