package decode

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// SyslogOptions are the choices of syslog lines. There is no clock here: whoever reads the line says what day it is.
type SyslogOptions struct {
	// Zone is the time zone of timestamps that name none; nil is UTC.
	Zone *time.Location
	// KeepBOM leaves a byte order mark in front of the message.
	KeepBOM bool
	// Now is the present, which tells the year of timestamps that name none.
	Now time.Time
}

// syslogHeader is what stands before the message. Absent parts are empty.
type syslogHeader struct {
	hasPRI            bool
	pri               int
	time              string // RFC 3339
	host, app, procID string
	msgID             string
	params            []syslogParam
	message           string
}

// syslogParam is one parameter of structured data, named by the id of its element, a dot and its own name.
type syslogParam struct{ name, value string }

// Syslog fills ev with a line of syslog, of RFC 5424 or else of RFC 3164. A message that is a JSON object is the event, with the
// header beside its own keys; otherwise the event has the header as key-value pairs and the message as _raw. It never fails: what
// has no header is a message. It allocates.
//
// Source: daemon.md section 7.1.
func (p *Plan) Syslog(ev *rtlib.Event, line []byte, o SyslogOptions) { p.syslog(ev, line, o) }

// syslog reports whether the line has anything beside its message.
func (p *Plan) syslog(ev *rtlib.Event, line []byte, o SyslogOptions) bool {
	text := strings.TrimSpace(rtlib.View(line))
	h, ok := parse5424(text, o)
	if !ok {
		h, ok = parse3164(text, o)
	}
	if !ok {
		h = syslogHeader{message: text}
	}
	if !o.KeepBOM {
		h.message = strings.TrimPrefix(h.message, "\uFEFF")
	}
	h.message = strings.TrimSpace(h.message)
	if strings.HasPrefix(h.message, "{") && p.JSON(ev, h.merged()) == nil {
		return true
	}
	k := p.startKV(ev, line)
	h.pairs(func(key, value string) { k.pair(key, value) })
	hasHeader := len(ev.Pairs()) > 0
	if h.message != "" {
		k.pair("_raw", h.message)
	}
	return hasHeader
}

// pairs calls f for the header fields that are present, in order.
func (h *syslogHeader) pairs(f func(key, value string)) {
	add := func(key, value string) {
		if value != "" {
			f(key, value)
		}
	}
	add("timestamp", h.time)
	add("hostname", h.host)
	add("appname", h.app)
	add("procid", h.procID)
	add("msgid", h.msgID)
	if h.hasPRI {
		add("facility", facilityName(h.pri>>3))
		add("severity", severities[h.pri&7])
	}
	for _, param := range h.params {
		f(param.name, param.value)
	}
}

// merged returns the message with the header fields that it does not have itself, or the message as it is if it is no JSON object.
// Cost: linear in the line, whatever stands in it.
func (h *syslogHeader) merged() []byte {
	var own map[string]json.RawMessage
	if json.Unmarshal([]byte(h.message), &own) != nil {
		return []byte(h.message)
	}
	out := append(make([]byte, 0, len(h.message)+256), h.message[:len(h.message)-1]...) // without the closing brace
	empty := len(own) == 0
	h.pairs(func(key, value string) {
		switch key {
		case "timestamp", "hostname", "appname", "procid", "msgid", "facility", "severity":
			key = "syslog_" + key
		default:
			key = "sd." + key
		}
		if _, ok := own[key]; ok {
			return
		}
		if !empty {
			out = append(out, ',')
		}
		empty = false
		out = rtlib.AppendJSONString(out, key)
		out = rtlib.AppendJSONString(append(out, ':'), value)
	})
	return append(out, '}')
}

var facilities = [...]string{"LOG_KERN", "LOG_USER", "LOG_MAIL", "LOG_DAEMON", "LOG_AUTH", "LOG_SYSLOG", "LOG_LPR", "LOG_NEWS",
	"LOG_UUCP", "LOG_CRON", "LOG_AUTHPRIV", "LOG_FTP", "LOG_NTP", "LOG_AUDIT", "LOG_ALERT", "LOG_CLOCKD", "LOG_LOCAL0", "LOG_LOCAL1",
	"LOG_LOCAL2", "LOG_LOCAL3", "LOG_LOCAL4", "LOG_LOCAL5", "LOG_LOCAL6", "LOG_LOCAL7"}

var severities = [...]string{"SEV_EMERG", "SEV_ALERT", "SEV_CRIT", "SEV_ERR", "SEV_WARNING", "SEV_NOTICE", "SEV_INFO", "SEV_DEBUG"}

func facilityName(n int) string {
	if n >= len(facilities) {
		return ""
	}
	return facilities[n]
}

// readPRI reads <n> at the beginning of s, n from 0 to 255.
func (h *syslogHeader) readPRI(s string) (rest string, ok bool) {
	body, ok := strings.CutPrefix(s, "<")
	if !ok {
		return s, true
	}
	digits, rest, ok := strings.Cut(body, ">")
	if !ok || len(digits) > 3 || !isDigits(digits) {
		return s, false
	}
	for _, c := range digits {
		h.pri = 10*h.pri + int(c-'0')
	}
	h.hasPRI = h.pri <= 255
	return rest, h.hasPRI
}

// cutWord returns the word that s begins with, up to the next space, and what follows the space.
func cutWord(s string) (word, rest string) {
	word, rest, _ = strings.Cut(s, " ")
	return word, rest
}
