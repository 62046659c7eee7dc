package cmdline

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

type reloadCmd struct {
	clientFlags
	NoWait  bool          `help:"Do not wait for the reload to end."`
	Timeout time.Duration `default:"30s" help:"How long to wait, at most five minutes."`
}

// Help is shown below the flags.
func (reloadCmd) Help() string {
	return `Has a running daemon read its rules and pipelines anew, waits for the end and says how it went. A rule that does not
compile keeps the old rules running: the error names the file and the line, and the exit status is 1.

Example:
  rsigmad reload && rsigmad status`
}

// errReloadFailed says that the daemon kept its old rules.
type errReloadFailed struct{ text string }

func (e errReloadFailed) Error() string { return e.text }

// Run implements the command.
func (c *reloadCmd) Run(s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.Timeout < time.Second || c.Timeout > 5*time.Minute {
		return fmt.Errorf("--timeout %s: want 1s to 5m", c.Timeout)
	}
	path := "/api/v1/reload"
	if !c.NoWait {
		path += "?" + url.Values{"wait": {"true"}, "timeout": {strconv.Itoa(int(c.Timeout.Seconds()))}}.Encode()
	}
	ctx, stop := interruptible()
	defer stop()
	body, err := api.fetch(ctx, "POST", path)
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.status == 422:
		return errReloadFailed{refused.Error()}
	case err != nil:
		return err
	case !c.readable(s):
		return printLine(s.out, body)
	}
	var done struct {
		Status       string `json:"status"`
		Generation   int    `json:"generation"`
		Detections   int    `json:"detection_rules"`
		Correlations int    `json:"correlation_rules"`
	}
	if err := json.Unmarshal(body, &done); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	if done.Status != "reload_completed" {
		_, err = fmt.Fprintln(s.out, "reload triggered")
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s generation %d: %d detections, %d correlations\n",
		diag.Paint("reloaded", diag.StyleGood, colored(s)), done.Generation, done.Detections, done.Correlations)
	return err
}
