package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/listen"
)

// TestTheUnitStartsWhatTheProgramUnderstands reads the command line of the unit for systemd.
func TestTheUnitStartsWhatTheProgramUnderstands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../contrib/systemd/rsigmad.service")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
		if !ok {
			continue
		}
		found++
		if r := exec(t, "", append(strings.Fields(command)[1:], "--dry-run")...); r.status != 0 {
			t.Errorf("%s: %s", command, r.stderr)
		}
	}
	if found != 1 {
		t.Errorf("%d commands", found)
	}
}

// TestASocketThatListensAlreadyIsUsed plays systemd: the socket is there before the program, which does not bind --api-addr.
func TestASocketThatListensAlreadyIsUsed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := listen.Duplicate(l, "rsigmad.socket")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	early, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	fmt.Fprint(early, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	cmd := osexec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0],
		"-r", filepath.Dir(write(t, "r.yml", numbered)), "--api-addr", "127.0.0.1:1", "--exit-on-eof")
	cmd.Env = append(os.Environ(), asProgram+"=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=rsigmad.socket")
	cmd.ExtraFiles = []*os.File{f}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if answer, err := io.ReadAll(early); err != nil || !strings.Contains(string(answer), `{"status":"ok"}`) {
		t.Errorf("who came early: %q, %v", answer, err)
	}
	resp, err := http.Get("http://" + l.Addr().String() + "/api/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log.String())
	}
}
