package decode

import (
	"strings"
	"time"
)

// parse3164 reads a line as RFC 3164: an optional PRI, a timestamp, a host and a tag. It fails if there is neither PRI nor
// timestamp.
func parse3164(s string, o SyslogOptions) (h syslogHeader, ok bool) {
	rest, ok := h.readPRI(s)
	if !ok {
		return h, false
	}
	rest = strings.TrimLeft(rest, " ")
	t, after, dated := time3164(rest, o)
	if !dated {
		h.message = rest
		return h, h.hasPRI
	}
	if !t.IsZero() {
		h.time = formatTime(t)
	}
	h.message = h.hostAndTag(strings.TrimPrefix(after, " "))
	return h, true
}

// hostAndTag reads the words up to the message and returns it.
func (h *syslogHeader) hostAndTag(s string) (message string) {
	word, rest := cutWord(s)
	if word == "" {
		return s
	}
	if app, procID, ok := tagWithPID(word); ok { // no host
		h.app, h.procID = app, procID
		return messageOf(h.groups(rest))
	}
	h.host = strings.TrimSuffix(word, ":")
	if h.host == "-" {
		h.host = ""
	}
	tag, rest, ok := cutTag(rest)
	if !ok {
		return messageOf(h.groups(rest))
	}
	h.app = tag
	if app, procID, ok := tagWithPID(tag); ok {
		h.app, h.procID = app, procID
	}
	return messageOf(h.groups(rest))
}

// cutTag returns the tag that s begins with: one word that ends with a colon.
func cutTag(s string) (tag, rest string, ok bool) {
	i := strings.IndexAny(s, ": ")
	if i <= 0 || s[i] != ':' {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// tagWithPID splits name[pid].
func tagWithPID(word string) (name, pid string, ok bool) {
	word = strings.TrimSuffix(word, ":")
	name, rest, ok := strings.Cut(word, "[")
	pid, closed := strings.CutSuffix(rest, "]")
	return name, pid, ok && closed && name != "" && pid != ""
}

// groups reads structured data, if all groups in front of the message are well formed and have parameters.
func (h *syslogHeader) groups(s string) string {
	rest := strings.TrimLeft(s, " ")
	var all []syslogParam
	for strings.HasPrefix(rest, "[") {
		params, after, ok := sdElement(rest)
		if !ok || len(params) == 0 {
			return s
		}
		all, rest = append(all, params...), after
	}
	if all == nil {
		return s
	}
	h.params = all
	return rest
}

// messageOf drops what separates the header from the message.
func messageOf(s string) string {
	s = strings.TrimLeft(s, " ")
	s = strings.TrimPrefix(s, ":")
	return strings.TrimLeft(s, " ")
}

// time3164 reads the timestamp that s begins with: "Mmm d hh:mm:ss", the same with a year before the time, RFC 3339, or "-", for
// which the time is zero.
func time3164(s string, o SyslogOptions) (t time.Time, rest string, ok bool) {
	word, rest := cutWord(s)
	if word == "-" {
		return time.Time{}, rest, true
	}
	if t, ok := timeRFC3339(strings.TrimSuffix(word, ":"), o); ok {
		return t, rest, true
	}
	return timeByMonth(s, o)
}

// timeByMonth reads a timestamp that begins with the name of a month.
func timeByMonth(s string, o SyslogOptions) (t time.Time, rest string, ok bool) {
	var words []string
	for len(words) < 3 {
		var word string
		s = strings.TrimLeft(s, " ")
		if word, s = cutWord(s); word == "" {
			return t, "", false
		}
		words = append(words, word)
	}
	if isDigits(words[2]) && len(words[2]) == 4 { // a year
		clock, rest := cutWord(s)
		t, err := time.ParseInLocation("Jan 2 2006 15:04:05", monthCase(words[0])+" "+words[1]+" "+words[2]+" "+strings.TrimSuffix(clock, ":"), o.zone())
		return t, rest, err == nil
	}
	text := monthCase(words[0]) + " " + words[1] + " " + strings.TrimSuffix(words[2], ":")
	t, err := time.ParseInLocation("2006 Jan 2 15:04:05", o.Now.In(o.zone()).Format("2006 ")+text, o.zone())
	if err != nil { // 29 February of another year
		t, err = time.ParseInLocation("2006 Jan 2 15:04:05", "2024 "+text, o.zone())
		if err != nil {
			return t, "", false
		}
	}
	return o.closestYear(t), s, true
}

// monthCase spells the name of a month as package time wants it.
func monthCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

// closestYear gives t, of the present year, another one where December and January meet.
func (o SyslogOptions) closestYear(t time.Time) time.Time {
	now := o.Now.In(o.zone())
	year := now.Year()
	switch {
	case t.Month() == time.December && now.Month() == time.January:
		year--
	case t.Month() == time.January && now.Month() == time.December:
		year++
	}
	return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), o.zone())
}
