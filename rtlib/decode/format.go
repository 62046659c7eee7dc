package decode

import (
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Format is the format of input lines.
type Format uint8

// The formats, see the functions of the same names.
const (
	FormatAuto Format = iota
	FormatJSON
	FormatSyslog
	FormatPlain
	FormatLogfmt
	FormatCEF
)

// Formats are the names of the formats by number.
var Formats = []string{"auto", "json", "syslog", "plain", "logfmt", "cef"}

// ParseFormat reads the name of a format.
func ParseFormat(name string) (Format, bool) {
	i := slices.Index(Formats, name)
	return Format(max(i, 0)), i >= 0
}

// Line fills ev with a line of format f. The error says that the line is not of that format; JSON and CEF lines can fail, the
// others take anything.
func (p *Plan) Line(ev *rtlib.Event, line []byte, f Format, o SyslogOptions) error {
	switch f {
	case FormatJSON:
		return p.JSON(ev, line)
	case FormatSyslog:
		p.Syslog(ev, line, o)
	case FormatPlain:
		p.Plain(ev, line)
	case FormatLogfmt:
		p.Logfmt(ev, line)
	case FormatCEF:
		return p.CEF(ev, line)
	default:
		p.Auto(ev, line, o)
	}
	return nil
}
