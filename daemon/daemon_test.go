package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
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
