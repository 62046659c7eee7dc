package decode

import (
	"strings"
	"time"
)

// parse5424 reads a line as RFC 5424: PRI, version, timestamp, host, application, process, message id, structured data, message.
func parse5424(s string, o SyslogOptions) (h syslogHeader, ok bool) {
	rest, ok := h.readPRI(s)
	if !ok {
		return h, false
	}
	version, rest := cutWord(rest)
	if !isDigits(version) {
		return h, false
	}
	stamp, rest := cutWord(strings.TrimLeft(rest, " "))
	if h.time, ok = time5424(stamp, o); !ok {
		return h, false
	}
	words := [4]string{}
	for i := range words {
		words[i], rest = cutWord(rest)
		if words[i] == "" {
			return h, false
		}
		if words[i] == "-" {
			words[i] = ""
		}
	}
	h.host, h.app, h.procID, h.msgID = strings.TrimSuffix(words[0], ":"), words[1], words[2], words[3]
	h.message = strings.TrimLeft(h.structuredData(rest), " ")
	return h, true
}

// time5424 reads - or an RFC 3339 timestamp.
func time5424(s string, o SyslogOptions) (string, bool) {
	if s == "-" {
		return "", true
	}
	t, ok := timeRFC3339(s, o)
	if !ok {
		return "", false
	}
	return formatTime(t), true
}

// structuredData reads - or groups in brackets and returns what follows. A group that is malformed is dropped.
func (h *syslogHeader) structuredData(s string) (rest string) {
	if rest, ok := strings.CutPrefix(s, "-"); ok && (rest == "" || rest[0] == ' ') {
		return rest
	}
	for strings.HasPrefix(s, "[") {
		params, rest, ok := sdElement(s)
		if ok {
			h.params = append(h.params, params...)
		}
		s = rest
	}
	return s
}

// sdElement reads one group. rest is what follows its end, also if it is malformed; of one that never ends nothing follows.
func sdElement(s string) (params []syslogParam, rest string, ok bool) {
	body := s[1:]
	id, body := sdName(body)
	ok = id != ""
	for {
		body = strings.TrimLeft(body, " ")
		if body == "" {
			return nil, "", false
		}
		if body[0] == ']' {
			return params, body[1:], ok
		}
		name, after := sdName(body)
		value, after, read := sdValue(after)
		if name == "" || !read {
			_, rest := cutGroup(body)
			return nil, rest, false
		}
		params = append(params, syslogParam{id + "." + name, value})
		body = after
	}
}

// sdName reads a name, which ends before a space, =, ] or ".
func sdName(s string) (name, rest string) {
	if i := strings.IndexAny(s, ` =]"`); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// sdValue reads ="…". A backslash before ", ] or \ is dropped, \n is a line break, and any other stays.
func sdValue(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, `="`)
	if !ok {
		return "", s, false
	}
	end, escaped := quotedEnd(s, '"')
	if end == len(s) {
		return "", "", false
	}
	value = s[:end]
	if escaped {
		value = unescapeParam(value)
	}
	return value, s[end+1:], true
}

func unescapeParam(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case '"', ']', '\\':
			out = append(out, s[i])
		case 'n':
			out = append(out, '\n')
		default:
			out = append(out, '\\', s[i])
		}
	}
	return string(out)
}

// cutGroup returns what follows the end of the group whose inside is s.
func cutGroup(s string) (inside, rest string) {
	if i := unescaped(s, ']'); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// timeRFC3339 reads a full timestamp; one without a zone is in that of o.
func timeRFC3339(s string, o SyslogOptions) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(s), o.zone()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (o SyslogOptions) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

// formatTime spells t with a numeric offset, and a fraction of 3, 6 or 9 digits if there is one.
func formatTime(t time.Time) string {
	layout := "2006-01-02T15:04:05-07:00"
	switch ns := t.Nanosecond(); {
	case ns == 0:
	case ns%1e6 == 0:
		layout = "2006-01-02T15:04:05.000-07:00"
	case ns%1e3 == 0:
		layout = "2006-01-02T15:04:05.000000-07:00"
	default:
		layout = "2006-01-02T15:04:05.000000000-07:00"
	}
	return t.Format(layout)
}
