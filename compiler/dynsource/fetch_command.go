package dynsource

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// commandFetcher runs a program and takes its standard output. There is no shell, and the environment is what the declaration says.
type commandFetcher struct {
	argv []string
	env  map[string]string
	dir  string
}

func readCommand(r *reader) fetcher {
	f := &commandFetcher{env: r.texts("env"), dir: filepath.Dir(r.file)}
	n := r.take("command")
	switch {
	case n == nil:
		r.fault(r.n.Pos, "command is missing: want a list of the program and its arguments")
		return f
	case n.Kind == yamldoc.KindString:
		f.argv = []string{n.Text}
		if strings.Contains(n.Text, " ") {
			r.l.log.Add(diag.Diagnostic{Pos: n.Pos, Severity: diag.SeverityWarning, Code: code,
				Msg: "command is one text with blanks: it names a program with blanks in its name; give a list to pass arguments"})
		}
	case n.Kind == yamldoc.KindSequence && len(n.Items) > 0:
		for _, item := range n.Items {
			if !item.IsScalar() || item.Kind == yamldoc.KindNull {
				r.fault(item.Pos, "command: want texts, not a %s", item.Kind)
			}
			f.argv = append(f.argv, item.Text)
		}
	default:
		r.fault(n.Pos, "command: want a list of the program and its arguments")
	}
	if !r.l.opts.AllowCommand {
		r.fault(r.at("command"), "sources that run commands are off; --allow-command turns them on")
	}
	return f
}

// maxStderr is how much of standard error is kept.
const maxStderr = 64 << 10

func (f *commandFetcher) fetch(ctx context.Context, d *Declaration) ([]byte, bool, error) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	cmd := exec.CommandContext(ctx, f.argv[0], f.argv[1:]...)
	cmd.Dir = f.dir
	cmd.Env = []string{}
	for name, value := range f.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // and its children
	cmd.WaitDelay = time.Second
	out := &capped{max: d.MaxSize, full: kill}
	errs := &capped{max: maxStderr}
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // the group is not empty, so its number belongs to nobody else
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		err = errors.New("the command has ended, but a process that it started kept its output open")
	}
	var exit *exec.ExitError
	switch {
	case out.over:
		return nil, false, failf(KindResource, "more than %d bytes of output (max_size)", d.MaxSize)
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case errors.As(err, &exit):
		return nil, false, failf(KindFetch, "%s: %s", exit, strings.TrimSpace(string(errs.kept)))
	case err != nil:
		return nil, false, err
	}
	return out.kept, false, nil
}

// capped keeps the first max bytes and drops the rest.
type capped struct {
	kept []byte
	max  int64
	over bool
	full func() // called once when more come; may be nil
}

func (c *capped) Write(p []byte) (int, error) {
	room := max(c.max-int64(len(c.kept)), 0)
	c.kept = append(c.kept, p[:min(room, int64(len(p)))]...)
	if int64(len(p)) > room && !c.over {
		c.over = true
		if c.full != nil {
			c.full()
		}
	}
	return len(p), nil
}
