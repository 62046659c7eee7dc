package sqlite

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that are left over, but in child processes, some of which end with a disk that has failed: the connection
// stays open then.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
