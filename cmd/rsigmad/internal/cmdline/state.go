package cmdline

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/rsigma-go/rsigma/daemon/commitlog"
)

// stateCmd groups the commands for state files.
type stateCmd struct {
	Show   stateShowCmd   `cmd:"" help:"Show what is in a state file."`
	Export stateExportCmd `cmd:"" help:"Write the state of correlations as JSON, which rsigma reads too."`
	Import stateImportCmd `cmd:"" help:"Replace the state of correlations by JSON that export or rsigma has written."`
	Verify stateVerifyCmd `cmd:"" help:"Check a state file: nothing is changed."`
}

// Help is shown below the flags.
func (stateCmd) Help() string {
	return `Looks into the file of --state-db. The daemon that uses it must be stopped; a running one answers "rsigmad status" and
GET /api/v1/correlations/state. All commands but import work on a copy, so that nothing is changed.

Exit status: 0; 1 the file is damaged (verify); 3 it cannot be read.

Examples:
  rsigmad state show --state-db state.db
  rsigmad state export --state-db state.db > state.json
  rsigmad state import --state-db other.db < state.json`
}

// stateFile names a state file.
type stateFile struct {
	StateDB string `name:"state-db" required:"" placeholder:"FILE" help:"State file."`
}

// read reads a copy of the file.
func (f *stateFile) read() (c commitlog.Contents, err error) {
	dir, err := os.MkdirTemp("", "rsigmad-state-")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(dir)
	s, err := openCopy(f.StateDB, dir)
	if err != nil {
		return c, err
	}
	log, found, err := commitlog.Recover(context.Background(), commitlog.Options{Store: s, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		c = log.Contents(found)
	}
	return c, errors.Join(err, s.Close(false))
}
