package decode

import (
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Logfmt fills ev with the pairs of a logfmt line:
//
//	ts=2026-03-20T15:40:37Z msg="say \"hi\"" empty= flag
//
// Spaces and tabs separate pairs. A value runs to the next separator or is quoted; in quotes \" and \\ are unescaped and other
// backslashes stay, and a missing end quote takes the rest. A key without = has the value true. It never fails: a line without
// pairs is an event without fields. Nothing is allocated once ev is warm.
//
// Source: daemon.md section 7.2.
func (p *Plan) Logfmt(ev *rtlib.Event, line []byte) {
	k := p.startKV(ev, line)
	rest := rtlib.View(line)
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return
		}
		end := strings.IndexAny(rest, " \t=")
		switch {
		case end < 0:
			k.pair(rest, "true")
			return
		case rest[end] != '=':
			k.pair(rest[:end], "true")
			rest = rest[end:]
		case end == 0:
			rest = rest[wordEnd(rest):]
		default:
			rest = k.logfmtValue(rest[:end], rest[end+1:])
		}
	}
}

// wordEnd returns where the word at the beginning of s ends.
func wordEnd(s string) int {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return i
	}
	return len(s)
}

// logfmtValue adds the pair of key and the value that rest begins with, and returns what follows.
func (k kv) logfmtValue(key, rest string) string {
	if !strings.HasPrefix(rest, `"`) {
		end := wordEnd(rest)
		k.pair(key, rest[:end])
		return rest[end:]
	}
	rest = rest[1:]
	end, escaped := quotedEnd(rest, '"')
	value := rest[:end]
	if escaped {
		value = k.text(func(dst []byte) []byte { return appendUnescaped(dst, rest[:end], `"\`) })
	}
	k.pair(key, value)
	return rest[min(end+1, len(rest)):]
}

// quotedEnd returns the position of the first quote in s that no backslash precedes, or the end of s, and whether there is a
// backslash before it.
func quotedEnd(s string, quote byte) (end int, escaped bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case quote:
			return i, escaped
		case '\\':
			escaped = true
			i++
		}
	}
	return len(s), escaped
}

// appendUnescaped appends s; a backslash before one of the characters of which is dropped.
func appendUnescaped(dst []byte, s, which string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(which, s[i+1]) >= 0 {
			i++
		}
		dst = append(dst, s[i])
	}
	return dst
}
