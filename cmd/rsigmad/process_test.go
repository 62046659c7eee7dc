package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	osexec "os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/app"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// asProgram makes the test binary behave as rsigmad, so that tests can run it as a process of its own.
const asProgram = "RSIGMAD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if natstest.Serve() {
		return
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(linkedInto(os.Args[0])))
	}
	flag.Parse()
	if !soak {
		inParallel(2 * runtime.GOMAXPROCS(0))
	}
	os.Exit(m.Run())
}

// inParallel runs that many tests at a time, unless -parallel says something else: they wait for processes most of the time. Where figures
// are measured (make soak) there are no more than processors.
func inParallel(tests int) {
	const name = "test.parallel"
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if !given {
		flag.Set(name, strconv.Itoa(tests))
	}
}

// patience is how long tests wait for something that should come at once.
const patience = time.Minute

// process is a running rsigmad.
type process struct {
	t      *testing.T
	cmd    *osexec.Cmd
	stdin  io.WriteCloser
	exited chan struct{}

	mu     sync.Mutex
	stdout bytes.Buffer
	logs   []logLine
	news   chan struct{}
}

// logLine is a line of the log.
type logLine struct {
	Level  string         `json:"level"`
	Target string         `json:"target"`
	Fields map[string]any `json:"fields"`
	raw    string
}

func (l *logLine) message() string { s, _ := l.Fields["message"].(string); return s }

// launch starts rsigmad with args. It listens on a port of its own choice unless args say otherwise, and is killed at the end of the test.
func launch(t *testing.T, args ...string) *process { return launchWith(t, nil, args...) }

func launchWith(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	if joined := strings.Join(args, " "); !strings.Contains(joined, "--api-addr") && !strings.Contains(joined, "--url") {
		args = append(args, "--api-addr", "127.0.0.1:0")
	}
	p := &process{t: t, cmd: osexec.Command(os.Args[0], args...), exited: make(chan struct{}), news: make(chan struct{}, 1)}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // processes that take over are of the same group
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout = writerFunc(func(b []byte) { p.stdout.Write(b) }, p)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.watch(stderr)
	t.Cleanup(func() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	})
	return p
}

// syncWriter calls f under the lock of p for each write.
type syncWriter struct {
	f func([]byte)
	p *process
}

func writerFunc(f func([]byte), p *process) io.Writer { return syncWriter{f, p} }

func (w syncWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	w.f(b)
	w.p.mu.Unlock()
	w.p.notify()
	return len(b), nil
}

func (p *process) notify() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func (p *process) watch(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		l := logLine{raw: lines.Text()}
		json.Unmarshal(lines.Bytes(), &l) // what is no JSON has no message
		p.mu.Lock()
		p.logs = append(p.logs, l)
		p.mu.Unlock()
		p.notify()
	}
	p.cmd.Wait()
	close(p.exited)
	p.notify()
}

// until waits until done is true; it is called under the lock, after each thing that happens.
func (p *process) until(what string, done func() bool) {
	p.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		ok := done()
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-p.news:
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("%s: waited in vain\n%s", what, p.log())
		}
	}
}

// logged waits for a line of the log with the given message and returns it.
func (p *process) logged(message string) logLine {
	p.t.Helper()
	var found logLine
	p.until(message, func() bool {
		for _, l := range p.logs {
			if l.message() == message || strings.HasPrefix(l.message(), message+" (") {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, l := range p.logs {
		b.WriteString(l.raw + "\n")
	}
	return b.String()
}

// url waits until the API listens and returns its address with path.
func (p *process) url(path string) string {
	p.t.Helper()
	return fmt.Sprintf("http://%v%s", p.logged("API server listening").Fields["addr"], path)
}

// ready waits until the daemon is ready.
func (p *process) ready() *process {
	p.t.Helper()
	url := p.url("/readyz")
	p.until("ready", func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// get returns status and body of a GET.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	return p.request("GET", path, nil)
}

// request makes a request and returns status and body.
func (p *process) request(method, path string, body io.Reader) (int, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.url(path), body)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// output waits for n lines on standard output and returns them all.
func (p *process) output(n int) []string {
	p.t.Helper()
	var lines []string
	p.until(fmt.Sprintf("%d lines of output", n), func() bool {
		text := p.stdout.String()
		lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if text == "" {
			lines = nil
		}
		return len(lines) >= n
	})
	return lines
}

// stop sends SIGTERM and returns the exit status.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

// wait waits for the end and returns the exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("the program does not end\n%s", p.log())
		return -1
	}
}

// pause is a short time between two looks at something that happens elsewhere.
func pause() { time.Sleep(25 * time.Millisecond) }
