package logging

import (
	"log/slog"
	"strings"
)

// Filter says from which level on the lines of a target are written. The zero Filter lets INFO and above through. A Filter is
// immutable and safe for concurrent use.
type Filter struct {
	base       slog.Level // for a target that no directive matches
	directives []directive
}

// directive sets the level of every target that starts with prefix.
type directive struct {
	prefix string
	level  slog.Level
}

// ParseFilter reads a comma list of "level" and "target=level", such as "warn,rsigma::daemon=debug". Levels are error, warn,
// info, debug, trace and off in any letter case; blanks around an item and empty items are ignored; of two directives for the
// same target, and of two bare levels, the last wins. A target that no directive matches gets the bare level, or info when
// there is none. For a text with anything else in it ok is false and the Filter is the one for "info", so that a typing error
// never silences the log.
//
// Source: daemon.md §22.
func ParseFilter(text string) (f Filter, ok bool) {
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		target, name, targeted := strings.Cut(item, "=")
		if !targeted {
			target, name = "", item
		}
		target = strings.TrimSpace(target)
		level, ok := parseLevel(strings.TrimSpace(name))
		switch {
		case !ok || targeted && target == "":
			return Filter{}, false
		case targeted:
			f.directives = append(f.directives, directive{target, level})
		default:
			f.base = level
		}
	}
	return f, true
}

// FromEnvironment reads the filter from RUST_LOG, or from RSIGMA_LOG when that is not set or empty. Pass os.LookupEnv.
func FromEnvironment(lookup func(string) (string, bool)) Filter {
	text, _ := lookup("RUST_LOG")
	if text == "" {
		text, _ = lookup("RSIGMA_LOG")
	}
	f, _ := ParseFilter(text)
	return f
}

// level returns the lowest level at which lines of target are written; LevelOff means none. Of all directives whose text
// target starts with, the longest decides.
func (f Filter) level(target string) slog.Level {
	level, longest := f.base, -1
	for _, d := range f.directives {
		if len(d.prefix) >= longest && strings.HasPrefix(target, d.prefix) {
			level, longest = d.level, len(d.prefix)
		}
	}
	return level
}
