package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rsigma-go/rsigma/daemon/commitlog"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

type stateImportCmd struct {
	stateFile
	File string `arg:"" optional:"" placeholder:"FILE" help:"JSON to read; standard input without."`
}

// maxSnapshot bounds what import reads.
const maxSnapshot = 1 << 30

// Run implements the command.
func (c *stateImportCmd) Run(s streams) error {
	text, err := c.text(s)
	if err != nil {
		return err
	}
	if err := checkSnapshot(text); err != nil {
		return fmt.Errorf("the JSON is no state: %w", err)
	}
	file, err := openState(c.StateDB, false, func(text string) { fmt.Fprintf(s.err, "rsigmad: %s\n", text) })
	if err != nil {
		return err
	}
	return errors.Join(replace(file, text), file.Close(false))
}

// text reads the JSON.
func (c *stateImportCmd) text(s streams) ([]byte, error) {
	in := s.in
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSnapshot+1))
	if err == nil && len(text) > maxSnapshot {
		err = fmt.Errorf("the state has more than %d bytes", maxSnapshot)
	}
	return text, err
}

// checkSnapshot reports what keeps any engine from reading text.
func checkSnapshot(text []byte) error {
	e, err := correlate.New(nil, nil, correlate.Options{})
	if err == nil {
		_, err = e.LoadJSON(text)
	}
	return err
}

// replace makes text the state in file. Results that are not delivered stay.
func replace(file store.Store, text []byte) error {
	ctx := context.Background()
	saved, err := file.Load(ctx)
	if err != nil {
		return err
	}
	// One transaction: a crash leaves the old state or the new one.
	return file.SaveBase(ctx, &store.Base{Upto: saved.Last, Snapshot: text, At: time.Now(),
		Forget: func(source string) bool { return !commitlog.IsMark(source) }})
}
