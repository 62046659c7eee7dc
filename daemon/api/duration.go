package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// units are the spellings of units of time.
var units = map[string]time.Duration{
	"ns": time.Nanosecond, "nsec": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "usec": time.Microsecond,
	"ms": time.Millisecond, "msec": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": day, "day": day, "days": day, "w": 7 * day, "week": 7 * day, "weeks": 7 * day,
}

const day = 24 * time.Hour

// parseDuration reads numbers with units, such as 90s, 1min 30s or 1.5h; blanks may be left out. It is false if s is none.
func parseDuration(s string) (time.Duration, bool) {
	var sum float64
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end <= 0 {
			return 0, false
		}
		n, err := strconv.ParseFloat(s[:end], 64)
		if err != nil {
			return 0, false
		}
		s = strings.TrimLeft(s[end:], " ")
		if end = strings.IndexAny(s, "0123456789 "); end < 0 {
			end = len(s)
		}
		unit, ok := units[s[:end]]
		if !ok {
			return 0, false
		}
		sum += n * float64(unit)
		s = s[end:]
	}
	if sum >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(math.Round(sum)), true
}

// duration reads how long a stream lasts; most is 0 if it may last for ever. It answers the request if it cannot.
func duration(w http.ResponseWriter, r *http.Request, standard, most time.Duration) (time.Duration, bool) {
	text := r.URL.Query().Get("duration")
	if text == "" {
		return standard, true
	}
	d, ok := parseDuration(text)
	if !ok || d <= 0 || most > 0 && d > most {
		badQuery(w, "duration")
		return 0, false
	}
	return d, true
}
