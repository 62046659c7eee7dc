//go:build !lite

package cmdline

import (
	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/daemon/store/sqlite"
	"github.com/rsigma-go/rsigma/daemon/transports"
)

// lite says whether the program was built without SQLite, NATS and OpenTelemetry.
const lite = false

// transport opens what speaks NATS and OpenTelemetry.
var transport daemon.Transports = transports.All{}

// openState opens a state file.
func openState(path string, power bool, warn func(string)) (store.Store, error) {
	return sqlite.Open(path, sqlite.Options{Sync: power, Warn: warn})
}

// openCopy opens a copy of a state file, which it makes in dir.
func openCopy(path, dir string) (store.Store, error) {
	path, err := sqlite.Copy(path, dir)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(path, sqlite.Options{BallastBytes: -1})
}
