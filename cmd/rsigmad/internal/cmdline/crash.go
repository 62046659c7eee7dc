package cmdline

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// CrashVariable names a step of what makes state durable, and after a colon which time: "committed:3". The process then kills itself
// there as kill -9 would. It is for tests of crashes; nothing else knows of it.
const CrashVariable = "RSIGMAD_CRASH_AT"

// crashStep returns what to do at each step, nil for nothing.
func crashStep() func(string) {
	at, count, ok := strings.Cut(os.Getenv(CrashVariable), ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if !ok || err != nil {
		return nil
	}
	var passed atomic.Int64
	return func(name string) {
		if name == at && passed.Add(1) == n {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it takes a moment
		}
	}
}
