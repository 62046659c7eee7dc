package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAPanicInTheFlowEndsTheProgram(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	status := -1
	d := &daemon{log: slog.New(slog.NewTextHandler(&log, nil)), parts: Parts{Exit: func(s int) { status = s }}}
	d.guarded(func() {})()
	if status != -1 {
		t.Fatal("the program ends without a panic")
	}
	d.guarded(func() { panic(errors.New("boom")) })()
	if status != 70 || !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "daemon_test.go") {
		t.Errorf("status %d, log %s", status, log.String())
	}
}

func TestWhatIsStuckInTheBackgroundDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, stuck := range []bool{false, true} {
			var log bytes.Buffer
			d := &daemon{log: slog.New(slog.NewTextHandler(&log, nil))}
			release := make(chan struct{})
			d.background.Go(func() { <-release })
			if !stuck {
				close(release)
			}
			start := time.Now()
			d.leave(time.Second)
			if took := time.Since(start); (took == time.Second) != stuck || strings.Contains(log.String(), "left behind") != stuck {
				t.Errorf("stuck %t: %s, log %s", stuck, took, log.String())
			}
			if stuck {
				close(release)
			}
			synctest.Wait()
		}
	})
}
