package decode

import (
	"bytes"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Auto fills ev with a line of unknown format: JSON if it begins like an object or array and is valid; else syslog if it begins
// with < and has a header; else plain text. It never fails.
//
// Source: daemon.md section 7.
func (p *Plan) Auto(ev *rtlib.Event, line []byte, o SyslogOptions) {
	switch text := bytes.TrimLeft(line, " \t\r\n"); {
	case len(text) == 0:
	case text[0] == '{' || text[0] == '[':
		if p.JSON(ev, line) == nil {
			return
		}
	case text[0] == '<':
		if p.syslog(ev, line, o) {
			return
		}
	}
	p.Plain(ev, line)
}
