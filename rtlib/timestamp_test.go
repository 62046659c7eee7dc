package rtlib

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTimestamps(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"2024-07-10T12:59:59Z"`:           "2024-07-10T12:59:59Z",
		`"2024-07-10t12:59:59z"`:           "2024-07-10T12:59:59Z",
		`"2024-07-10 14:05:00.999+02:00"`:  "2024-07-10T12:05:00Z",
		`"2024-07-10T09:00:00"`:            "2024-07-10T09:00:00Z",
		`"1969-12-31T23:59:59.9Z"`:         "1969-12-31T23:59:59Z",
		`"2024-02-29T00:00:00-23:59"`:      "2024-02-29T23:59:00Z",
		`1720614600`:                       "2024-07-10T12:30:00Z",
		`1720614600.75`:                    "2024-07-10T12:30:00Z",
		`1720614600123`:                    "2024-07-10T12:30:00Z",
		`1720614600123456`:                 "2024-07-10T12:30:00Z",
		`1720614600123456789`:              "2024-07-10T12:30:00Z",
		`"1720614600"`:                     "2024-07-10T12:30:00Z",
		`"1720614600123"`:                  "2024-07-10T12:30:00Z",
		`-1`:                               "1969-12-31T23:59:59Z",
		`-0.5`:                             "1969-12-31T23:59:59Z",
		`1000000000000`:                    "33658-09-27T01:46:40Z",
		`1000000000001`:                    "2001-09-09T01:46:40Z",
		`1000000000000000000`:              "33658-09-27T01:46:40Z",
		`1000000000000000001`:              "2001-09-09T01:46:40Z",
		`"1720614600.5"`:                   "",
		`"-1"`:                             "",
		`"10/07/2024 09:00:00"`:            "",
		`"2024-02-30T00:00:00Z"`:           "",
		`"2023-02-29T00:00:00Z"`:           "",
		`"2024-00-10T00:00:00Z"`:           "",
		`"2024-07-10T24:00:00Z"`:           "",
		`"2024-07-10T23:59:60Z"`:           "",
		`"2024-07-10T09:00:00,5"`:          "",
		`"2024-07-10T09:00:00."`:           "",
		`"2024-07-10T09:00:00+24:00"`:      "",
		`"2024-07-10T09:00:00+0200"`:       "",
		`"2024-07-10  09:00:00"`:           "",
		`"2024-07-10T9:00:00"`:             "",
		`"2024-07-10"`:                     "",
		`""`:                               "",
		`true`:                             "",
		`null`:                             "",
		`1e300`:                            "",
		`-1e300`:                           "",
		`1e999`:                            "",
		`-9223372036854775808`:             "",
		`"99999999999999999999999999999"`:  "",
		`"2024-07-10T09:00:00Z "`:          "",
		`"2024-07-10T09:00:00 Z"`:          "",
		`"２０２４-07-10T09:00:00Z"`:           "",
		`"2024-07-10T09:00:00.123456789Z"`: "2024-07-10T09:00:00Z",
	} {
		v := rawValue(raw)
		got, ok := Timestamp(&v)
		if ok != (want != "") {
			t.Errorf("%s: got %v, %v", raw, got, ok)
		} else if text := got.Format("2006-01-02T15:04:05Z07:00"); ok && text != want {
			t.Errorf("%s: got %s, want %s", raw, text, want)
		}
	}
}

func TestTimeParts(t *testing.T) {
	t.Parallel()
	raw := `{"f":["x","2024-12-31T23:05:00Z"]}`
	for part, n := range map[Part]int64{Minute: 5, Hour: 23, Day: 31, Week: 1, Month: 12, Year: 2024} {
		runHolds(t, []holds{
			{&Pred{Op: TimeEqual, Field: "f", Part: part, Ints: []int64{99, n}}, raw, true},
			{&Pred{Op: TimeEqual, Field: "f", Part: part, Floats: []float64{float64(n)}}, raw, true},
			{&Pred{Op: TimeGreaterEqual, Field: "f", Part: part, Ints: []int64{n}}, raw, true},
			{&Pred{Op: TimeGreater, Field: "f", Part: part, Ints: []int64{n}}, raw, false},
			{&Pred{Op: TimeLess, Field: "f", Part: part, Floats: []float64{float64(n) + 0.5}}, raw, true},
			{&Pred{Op: TimeLessEqual, Field: "f", Part: part, Ints: []int64{n - 1}}, raw, false},
		})
	}
	if err := (&Pred{Op: TimeEqual, Field: "f", Ints: []int64{1}}).prepare(); err == nil {
		t.Error("a time predicate without part is accepted")
	}
}

var timeText = regexp.MustCompile(`\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?\z`)

// FuzzTimeText compares with time.Parse behind a check of the form.
func FuzzTimeText(f *testing.F) {
	for _, s := range []string{"2024-07-10T12:59:59Z", "2024-02-30 00:00:00.5+01:00", "0000-01-01t00:00:00", "2024-12-31T23:59:60z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sec, ok := parseTimeText(s)
		if !timeText.MatchString(s) {
			if ok {
				t.Fatalf("%q is a timestamp", s)
			}
			return
		}
		norm := strings.ToUpper(s[:10]) + "T" + strings.ToUpper(s[11:])
		if strings.LastIndexAny(norm, "Z+") < 19 && strings.LastIndex(norm, "-") < 19 {
			norm += "Z"
		}
		if i := strings.IndexByte(norm, '.'); i >= 0 {
			j := strings.IndexAny(norm[i:], "Z+-")
			norm = norm[:i] + norm[i+j:] // fractions of any length
		}
		want, err := time.Parse(time.RFC3339, norm)
		if ok != (err == nil) || ok && sec != want.Unix() {
			t.Fatalf("%q: got %d, %v; time says %v, %v", s, sec, ok, want, err)
		}
	})
}
