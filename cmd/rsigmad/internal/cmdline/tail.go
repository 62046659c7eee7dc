package cmdline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

type tailCmd struct {
	clientFlags
	Level    string        `placeholder:"LEVEL" help:"Only results of this level or above."`
	Rule     string        `placeholder:"TEXT" help:"Only rules whose title or id contains this, whatever the letter case."`
	Limit    int           `placeholder:"N" help:"Stop after so many results."`
	Duration time.Duration `help:"Stop after so long. Default: until interrupted."`
}

// Help is shown below the flags.
func (tailCmd) Help() string {
	return `Shows the results of a running daemon as they come: one line each on a terminal, the JSON of the daemon otherwise, and with
--json. The daemon must run with --enable-tail. A tail that cannot keep up loses results, which the last line counts; the daemon's
sinks lose nothing.

Example:
  rsigmad tail --level high`
}

// Run implements the command.
func (c *tailCmd) Run(s streams) error {
	return c.stream(s, "/api/v1/detections/stream", values(
		"level", c.Level, "rule", c.Rule, "limit", positive(c.Limit), "duration", duration(c.Duration)), writeResult)
}

type tapCmd struct {
	clientFlags
	Stage    string        `enum:"decoded,raw" default:"decoded" help:"What to show: decoded events, or raw input lines."`
	Redact   string        `placeholder:"PATHS" help:"Comma-separated fields, as dotted paths, whose values the daemon replaces by tokens."`
	Limit    int           `placeholder:"N" help:"Stop after so many events."`
	Duration time.Duration `default:"30s" help:"Stop after so long, at most five minutes."`
}

// Help is shown below the flags.
func (tapCmd) Help() string {
	return `Shows the events that a running daemon reads. The daemon must run with --enable-tap. Events that come faster than they are
shown are lost to the tap, never to the daemon.

Example:
  rsigmad tap --duration 10s --redact user.name,source.ip > sample.ndjson`
}

// Run implements the command.
func (c *tapCmd) Run(s streams) error {
	return c.stream(s, "/api/v1/tap", values(
		"stage", c.Stage, "redact", c.Redact, "limit", positive(c.Limit), "duration", duration(c.Duration)), nil)
}

// values makes a query of names and values; empty ones are left out.
func values(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	return out
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func duration(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return d.String()
}

// stream prints the lines of a live stream; pretty, if not nil, prints results on a terminal. The summary goes to standard error.
func (f *clientFlags) stream(s streams, path string, query url.Values, pretty func(io.Writer, []byte, bool) error) error {
	api, err := f.client()
	if err != nil {
		return err
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	ctx, stop := interruptible()
	defer stop()
	body, err := api.do(ctx, "GET", path)
	if err != nil {
		return err
	}
	defer body.Close()
	for r := bufio.NewReaderSize(body, 64<<10); ; {
		line, err := r.ReadBytes('\n')
		line = bytes.TrimSuffix(line, []byte("\n"))
		var failed error
		switch {
		case len(line) == 0:
		case isSummary(line):
			failed = printLine(s.err, line)
		case pretty != nil && f.readable(s):
			failed = pretty(s.out, line, colored(s))
		case f.readable(s):
			failed = printLine(s.out, []byte(diag.Printable(string(line))))
		default:
			failed = printLine(s.out, line)
		}
		switch {
		case failed != nil:
			return failed
		case err == io.EOF || ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("the stream broke off: %w", err)
		}
	}
}

// isSummary reports whether line is the last line of a stream.
func isSummary(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`{"rsigma_tail_summary":`)) || bytes.HasPrefix(line, []byte(`{"rsigma_tap_summary":`))
}

// shownResult is what a line on a terminal shows of a result.
type shownResult struct {
	Title  string  `json:"rule_title"`
	Level  *string `json:"level"`
	Fields []struct {
		Field string          `json:"field"`
		Value json.RawMessage `json:"value"`
	} `json:"matched_fields"`
	Type  string      `json:"correlation_type"`
	Group [][2]string `json:"group_key"`
	Value float64     `json:"aggregated_value"`
}

// levelStyles are the colours of levels; the others stay plain.
var levelStyles = map[string]diag.Style{"critical": diag.StyleError, "high": diag.StyleError, "medium": diag.StyleWarning}

// writeResult writes a result as one line: time, level, title, and what made the rule fire.
func writeResult(w io.Writer, line []byte, color bool) error {
	var r shownResult
	if err := json.Unmarshal(line, &r); err != nil {
		return printLine(w, []byte(diag.Printable(string(line))))
	}
	level := "-"
	if r.Level != nil {
		level = *r.Level
	}
	style, ok := levelStyles[level]
	text := fmt.Sprintf("%s %s %s", time.Now().Format(time.TimeOnly),
		diag.Paint(fmt.Sprintf("%-13s", diag.Printable(level)), style, color && ok),
		diag.Paint(diag.Printable(r.Title), diag.StyleHead, color))
	for _, f := range r.Fields {
		text += diag.Printable(fmt.Sprintf("  %s=%s", f.Field, shown(f.Value)))
	}
	for _, g := range r.Group {
		text += diag.Printable(fmt.Sprintf("  %s=%s", g[0], g[1]))
	}
	if r.Type != "" {
		text += diag.Printable(fmt.Sprintf("  %s %g", r.Type, r.Value))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// maxShown is how much of a value a line shows, in characters.
const maxShown = 80

// shown returns a JSON value as text: strings without quotes, long ones cut.
func shown(value json.RawMessage) string {
	text := string(value)
	var s string
	if json.Unmarshal(value, &s) == nil {
		text = s
	}
	if r := []rune(text); len(r) > maxShown {
		return strings.TrimSpace(string(r[:maxShown])) + "…"
	}
	return text
}
