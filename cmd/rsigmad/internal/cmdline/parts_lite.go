//go:build lite

package cmdline

import (
	"fmt"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// lite says whether the program was built without SQLite, NATS and OpenTelemetry.
const lite = true

// transport refuses NATS and OpenTelemetry.
var transport daemon.Transports = daemon.Lite{}

var errNoState = fmt.Errorf("state files: %w", daemon.ErrLite)

// openState refuses to open a state file.
func openState(string, bool, func(string)) (store.Store, error) { return nil, errNoState }

// openCopy refuses to open a state file.
func openCopy(string, string) (store.Store, error) { return nil, errNoState }
