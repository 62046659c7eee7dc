package natsconn

import "strings"

// Stream returns the name of the stream of subject. Different subjects may have one name; EnsureStream notices.
//
// Source: daemon.md section 18.3.
func Stream(subject string) string { return "rsigma-" + sanitise(subject) }

// Consumer returns the name of the durable consumer of subject for a daemon without a consumer group.
//
// Source: daemon.md section 18.3.
func Consumer(subject string) string { return "rsigma-daemon-" + sanitise(subject) }

var dashes = strings.NewReplacer(".", "-", ">", "-", "*", "-")

func sanitise(subject string) string { return strings.TrimRight(dashes.Replace(subject), "-") }

// Covers reports whether one of patterns matches every subject that subject matches.
func Covers(patterns []string, subject string) bool {
	want := strings.Split(subject, ".")
	for _, p := range patterns {
		if covers(strings.Split(p, "."), want) {
			return true
		}
	}
	return false
}

func covers(pattern, want []string) bool {
	for i, p := range pattern {
		switch {
		case i == len(want):
			return false
		case p == ">":
			return true
		case want[i] == ">", p != "*" && p != want[i]:
			return false
		}
	}
	return len(pattern) == len(want)
}
