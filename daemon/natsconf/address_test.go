package natsconf

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
