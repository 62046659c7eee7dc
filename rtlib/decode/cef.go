package decode

import (
	"errors"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Faults of CEF lines.
var (
	ErrNotCEF     = errors.New("no CEF header")
	ErrCEFHeader  = errors.New("the CEF header is too short")
	ErrCEFVersion = errors.New("the CEF version is no integer")
)

// cefHeader names the fields of the header in order.
var cefHeader = [...]string{"cef_version", "deviceVendor", "deviceProduct", "deviceVersion", "signatureId", "name", "severity"}

// CEF fills ev with the header and the extension of a line in ArcSight's common event format; what stands before "CEF:" is
// dropped.
//
//	<34>Sep  7 10:06:53 gw CEF:0|Vendor|Product|1.0|100|login failed|7|src=192.0.2.1 msg=two words
//
// Header names win over equal extension keys. A value runs up to the last word before the next unescaped =. The error is one of the
// Err… of this file and leaves ev empty.
//
// Source: daemon.md section 7.3.
func (p *Plan) CEF(ev *rtlib.Event, line []byte) error {
	k := p.startKV(ev, line)
	_, rest, ok := strings.Cut(rtlib.View(line), "CEF:")
	if !ok {
		return ErrNotCEF
	}
	var header [len(cefHeader)]string
	for i := range header {
		end := unescaped(rest, '|')
		if end < 0 {
			return ErrCEFHeader
		}
		header[i], rest = rest[:end], rest[end+1:]
	}
	if header[0] = strings.TrimSpace(header[0]); !isDigits(header[0]) {
		return ErrCEFVersion
	}
	for i, value := range header {
		if strings.IndexByte(value, '\\') >= 0 {
			value = k.text(func(dst []byte) []byte { return appendUnescaped(dst, value, `|\`) })
		}
		k.pair(cefHeader[i], value)
	}
	k.extension(rest)
	return nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// unescaped returns the position of the first c in s that no backslash precedes, or -1.
func unescaped(s string, c byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case c:
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// extension adds the pairs of s.
func (k kv) extension(s string) {
	key := ""
	for {
		end := unescaped(s, '=')
		value, next := s, ""
		if end >= 0 {
			at := strings.LastIndexByte(s[:end], ' ') + 1
			value, next = s[:at], s[at:end]
		}
		if key != "" {
			k.pair(key, k.extensionValue(strings.TrimSpace(value)))
		}
		if end < 0 {
			return
		}
		key, s = next, s[end+1:]
	}
}

// extensionValue unescapes \=, \\, \n and \r.
func (k kv) extensionValue(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return k.text(func(dst []byte) []byte {
		for i := 0; i < len(s); i++ {
			if s[i] != '\\' || i+1 == len(s) {
				dst = append(dst, s[i])
				continue
			}
			switch s[i+1] {
			case '=', '\\':
				dst = append(dst, s[i+1])
			case 'n':
				dst = append(dst, '\n')
			case 'r':
				dst = append(dst, '\r')
			default:
				dst = append(dst, '\\', s[i+1])
			}
			i++
		}
		return dst
	})
}
