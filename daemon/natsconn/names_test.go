package natsconn

import (
	"testing"
)

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
