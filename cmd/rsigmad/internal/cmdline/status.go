package cmdline

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

type statusCmd struct{ clientFlags }

// Help is shown below the flags.
func (statusCmd) Help() string {
	return `Asks a running daemon how it is. On a terminal the answer is a short table, otherwise, and with --json, the JSON of
GET /api/v1/status.

Example:
  rsigmad status --url https://detect.example:9090 --ca ca.pem --token-env RSIGMA_TOKEN`
}

// daemonStatus is what status shows of GET /api/v1/status.
type daemonStatus struct {
	Status       string  `json:"status"`
	Detections   int     `json:"detection_rules"`
	Correlations int     `json:"correlation_rules"`
	Compiled     int     `json:"rules_compiled"`
	Interpreted  int     `json:"rules_interpreted"`
	Groups       int     `json:"correlation_state_entries"`
	Events       int64   `json:"events_processed"`
	Matches      int64   `json:"detection_matches"`
	Firings      int64   `json:"correlation_matches"`
	Uptime       float64 `json:"uptime_seconds"`
	Version      string  `json:"version"`
	Reload       struct {
		Generation int     `json:"generation"`
		Pending    bool    `json:"pending"`
		LastResult *string `json:"last_result"`
		LastError  *string `json:"last_error"`
		FinishedAt *string `json:"last_finished_at"`
	} `json:"reload"`
	Sources *struct {
		Total  int `json:"total"`
		Errors int `json:"errors_total"`
		Stale  int `json:"stale"`
	} `json:"dynamic_sources"`
}

// Run implements the command.
func (c *statusCmd) Run(s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	body, err := api.fetch(ctx, "GET", "/api/v1/status")
	if err != nil {
		return err
	}
	if !c.readable(s) {
		return printLine(s.out, body)
	}
	var st daemonStatus
	if err := json.Unmarshal(body, &st); err != nil {
		return fmt.Errorf("the answer is no status: %w", err)
	}
	return st.write(s.out, colored(s))
}

// write writes the table.
func (st *daemonStatus) write(out io.Writer, color bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, diag.Printable(fmt.Sprintf(format, args...)))
	}
	row("status", "%s for %s, version %s", st.Status, time.Duration(st.Uptime*float64(time.Second)).Round(time.Second), st.Version)
	row("rules", "%d detections, %d correlations: %d compiled, %d interpreted", st.Detections, st.Correlations, st.Compiled, st.Interpreted)
	row("events", "%d", st.Events)
	row("results", "%d detections, %d correlations", st.Matches, st.Firings)
	row("groups", "%d", st.Groups)
	if st.Sources != nil {
		row("sources", "%d, %d stale, %d errors", st.Sources.Total, st.Sources.Stale, st.Sources.Errors)
	}
	row("generation", "%d%s", st.Reload.Generation, st.lastReload())
	if err := w.Flush(); err != nil {
		return err
	}
	if e := st.Reload.LastError; e != nil {
		_, err := fmt.Fprintln(out, diag.Paint("last reload failed: ", diag.StyleError, color)+diag.Printable(*e))
		return err
	}
	return nil
}

func (st *daemonStatus) lastReload() string {
	text := ""
	if st.Reload.LastResult != nil && st.Reload.FinishedAt != nil {
		text = fmt.Sprintf(", last reload %s at %s", *st.Reload.LastResult, *st.Reload.FinishedAt)
	}
	if st.Reload.Pending {
		text += ", a reload is pending"
	}
	return text
}

// printLine prints body as one line.
func printLine(w io.Writer, body []byte) error {
	for len(body) > 0 && body[len(body)-1] == '\n' {
		body = body[:len(body)-1]
	}
	_, err := fmt.Fprintf(w, "%s\n", body)
	return err
}
