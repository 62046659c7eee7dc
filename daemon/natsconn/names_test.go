package natsconn

import (
	"strings"
	"testing"
)

func TestAddressesAreSplitAtTheirFirstSlash(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Address{
		"nats://h:4222/events.>":             {"nats://h:4222", "nats://h:4222", "events.>"},
		"nats://h:4222":                      {"nats://h:4222", "nats://h:4222", ">"},
		"nats://h/a":                         {"nats://h", "nats://h", "a"},
		"nats://me:p%40ss@h:1/a.b":           {"nats://me:p%40ss@h:1", "nats://h:1", "a.b"},
		"nats://a:1,nats.example:2/x":        {"nats://a:1,nats.example:2", "nats://a:1,nats.example:2", "x"},
		"nats://[::1]:4222/x.*":              {"nats://[::1]:4222", "nats://[::1]:4222", "x.*"},
		"nats://h:4222/caf%C3%A9":            {"nats://h:4222", "nats://h:4222", "caf%C3%A9"},
		"nats://token@127.0.0.1:4222/a.b.c.": {},
		"nats://h:4222/":                     {},
		"nats:///a":                          {},
		"nats://":                            {},
		"tls://h:4222/a":                     {},
		"nats://h:4222/a/b":                  {},
		"nats://h:4222/a b":                  {},
		"nats://h:4222/a..b":                 {},
		"nats://h:4222/>.a":                  {},
		"nats://h:4222/a*":                   {},
		"nats://me:secret%zz@h:4222/a":       {},
		"nats://me:secret@h:port/a":          {},
	} {
		got, err := ParseURL(text)
		if want == (Address{}) {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: error %v", text, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestNamesOfStreamsAndConsumers(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"events.>": "events", ">": "", "a.b": "a-b", "a-b": "a-b", "a.*.c": "a---c", "events": "events", "*": "", "a.*.>": "a", "a-": "a",
	} {
		if got := Stream(subject); got != "rsigma-"+want {
			t.Errorf("stream of %s: %s", subject, got)
		}
		if got := Consumer(subject); got != "rsigma-daemon-"+want {
			t.Errorf("consumer of %s: %s", subject, got)
		}
	}
}

func TestAPatternCoversASubjectIfItMatchesAllOfIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, subject string
		want             bool
	}{
		{"a", "a", true}, {"a", "b", false}, {">", "a.b", true}, {">", ">", true}, {"a.>", "a", false}, {"a.>", "a.b.c", true},
		{"a.>", "a.>", true}, {"a.*", "a.b", true}, {"a.*", "a.>", false}, {"a.*", "a.*", true}, {"a.b", "a.*", false}, {"a.*", "a.b.c", false},
		{"*", "*", true}, {"*", ">", false}, {"a.b", "a", false}, {"a", "a.b", false}, {"*.b", "a.b", true}, {"*.b", "*.*", false},
	} {
		if got := Covers([]string{"other", c.pattern}, c.subject); got != c.want {
			t.Errorf("%s covers %s: %v", c.pattern, c.subject, got)
		}
	}
	if Covers(nil, "a") {
		t.Error("no pattern covers a subject")
	}
}

func TestNamesOfGroupsAreThoseOfConsumers(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"detectors": true, "a-b_c1": true, "": false, "a.b": false, "a b": false, "a*": false, ">": false, "a/b": false, `a\b`: false, "a\tb": false,
		strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
	} {
		if err := ValidName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDelaysGrowUpToTheirMaximum(t *testing.T) {
	t.Parallel()
	o := &Options{}
	last := o.delay(0)
	for i := range 100 {
		d := o.delay(i)
		if d < last || d <= 0 || d > reconnectMax {
			t.Fatalf("delay %d is %v after %v", i, d, last)
		}
		last = d
	}
	if last != reconnectMax {
		t.Errorf("the longest delay is %v", last)
	}
}
