package cmdline

import (
	"fmt"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// formatFlags say how the lines of a stream are read.
//
// Source: daemon.md sections 4.2 and 7.
type formatFlags struct {
	InputFormat    string `default:"auto" placeholder:"FORMAT" help:"Format of the lines: auto (JSON, syslog, or plain text, line by line), json, syslog, plain, logfmt or cef."`
	SyslogTZ       string `name:"syslog-tz" default:"+00:00" placeholder:"OFFSET" help:"Time zone of syslog timestamps that name none: +HH:MM, -HH:MM or UTC."`
	SyslogStripBOM string `name:"syslog-strip-bom" enum:"true,false" default:"true" help:"Drop a byte order mark in front of a syslog message: true or false."`
}

// apply sets how lines are read.
func (f *formatFlags) apply(c *daemon.Config) error {
	format, ok := decode.ParseFormat(f.InputFormat)
	if !ok {
		return fmt.Errorf("--input-format %q: want one of %s", f.InputFormat, strings.Join(decode.Formats, ", "))
	}
	zone, err := parseOffset(f.SyslogTZ)
	if err != nil {
		return err
	}
	c.Format, c.Syslog = format, decode.SyslogOptions{Zone: zone, KeepBOM: f.SyslogStripBOM == "false"}
	return nil
}

// parseOffset reads +HH:MM, -HH:MM, UTC, utc or Z.
func parseOffset(s string) (*time.Location, error) {
	switch s {
	case "UTC", "utc", "Z":
		return time.UTC, nil
	}
	t, err := time.Parse("-07:00", s)
	if err != nil {
		return nil, fmt.Errorf("--syslog-tz %q: want +HH:MM, -HH:MM or UTC", s)
	}
	_, seconds := t.Zone()
	if h := seconds / 3600; h < -23 || h > 23 {
		return nil, fmt.Errorf("--syslog-tz %q: hours go from 00 to 23", s)
	}
	return time.FixedZone("", seconds), nil
}
