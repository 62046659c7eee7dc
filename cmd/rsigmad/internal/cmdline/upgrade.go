package cmdline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
)

// upgrade says what takes over from this process.
func (f *apiFlags) upgrade() (u daemon.Upgrade, err error) {
	u.Args = os.Args[1:]
	if u.Own, err = OwnPath(); err != nil {
		return u, err
	}
	if f.UpgradeBinary != "" {
		if u.Binary, err = filepath.Abs(f.UpgradeBinary); err != nil {
			return u, err
		}
	}
	if f.WatchBinary != "" {
		u.Watch, err = filepath.Abs(f.WatchBinary)
	}
	return u, err
}

// OwnPath returns the path by which this program was started, so that a link that is swapped leads to the new one. If that is not known it is
// the path of the file.
func OwnPath() (string, error) {
	file, err := os.Executable()
	if err != nil {
		return "", err
	}
	name, err := osexec.LookPath(os.Args[0])
	if err != nil {
		return file, nil
	}
	if name, err = filepath.Abs(name); err != nil {
		return file, nil
	}
	a, err := os.Stat(name)
	b, err2 := os.Stat(file)
	if err != nil || err2 != nil || !os.SameFile(a, b) {
		return file, nil
	}
	return name, nil
}

type upgradeCmd struct {
	clientFlags
	Binary  string        `placeholder:"PATH" help:"The program to start. It has to be the daemon's own path, or that of its --upgrade-binary."`
	Timeout time.Duration `default:"2m" help:"How long to wait for the new process, at most five minutes."`
}

// Help is shown below the flags.
func (upgradeCmd) Help() string {
	return `Has a running daemon start its program anew, from the path it was started from, with the same arguments. The new process reads its rules;
when it can go on, the old one stops taking events, delivers what is in flight, and hands over the listening sockets, the rest of standard
input and the state of correlations. Clients wait for a moment; no event is lost or judged twice. If the new process cannot go on, for
instance because its rules do not compile, the old one does, and the exit status is 1.

SIGUSR2 does the same without asking back.

Example:
  install -m 755 rsigmad-1.1 /usr/local/bin/rsigmad && rsigmad upgrade`
}

// errUpgradeFailed says that the old process goes on.
type errUpgradeFailed struct{ text string }

func (e errUpgradeFailed) Error() string { return e.text }

// Run implements the command.
func (c *upgradeCmd) Run(s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.Timeout < time.Second || c.Timeout > 5*time.Minute {
		return fmt.Errorf("--timeout %s: want 1s to 5m", c.Timeout)
	}
	ctx, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	query := url.Values{"wait": {"true"}, "timeout": {strconv.Itoa(int(c.Timeout.Seconds()))}}
	if c.Binary != "" {
		path, err := filepath.Abs(c.Binary)
		if err != nil {
			return err
		}
		query.Set("binary", path)
	}
	asked := time.Now()
	body, err := api.fetch(ctx, "POST", "/api/v1/upgrade?"+query.Encode())
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.status == 422:
		return errUpgradeFailed{refused.Error()}
	case err != nil:
		return err
	}
	var begun struct{ PID int }
	if err := json.Unmarshal(body, &begun); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	if err := c.follow(ctx, api, begun.PID, asked); err != nil {
		return err
	}
	if !c.readable(s) {
		return printLine(s.out, fmt.Appendf(nil, `{"status":"upgraded","pid":%d}`, begun.PID))
	}
	_, err = fmt.Fprintf(s.out, "process %d has taken over\n", begun.PID)
	return err
}

// follow waits until the process with the given id answers. If the old one begins again instead, it has not been up since asked.
func (c *upgradeCmd) follow(ctx context.Context, api *client, pid int, asked time.Time) error {
	for {
		since := time.Since(asked) // before the question: an answer that took long would make an old process look young
		body, err := api.fetch(ctx, "GET", "/api/v1/status")
		var refused *refusal
		var st struct {
			PID    int     `json:"pid"`
			Status string  `json:"status"`
			Uptime float64 `json:"uptime_seconds"`
		}
		switch {
		case ctx.Err() != nil:
			return errUpgradeFailed{fmt.Sprintf("process %d does not answer in time; the log of the daemon says more", pid)}
		case errors.As(err, &refused):
			return nil // it may not ask
		case err == nil && json.Unmarshal(body, &st) == nil && st.Status == "running":
			if st.PID == pid {
				return nil
			}
			if st.Uptime < since.Seconds() {
				return errUpgradeFailed{"the new process could not go on and the old one has begun again; its log says why"}
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}
