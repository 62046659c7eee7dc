package dynsource

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// TestAProcessThatHoldsTheOutputIsEnded has a command end while a process that it started goes on.
func TestAProcessThatHoldsTheOutputIsEnded(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	pidFile := filepath.Join(d.path, "pid")
	r := d.resolver("- {id: s, type: command, command: [/bin/sh, -c, "+strconv.Quote("sleep 600 & echo $! > "+pidFile)+"]}\n", LoadOptions{AllowCommand: true})
	if _, err := one(t, r); err == nil || err.Kind != KindFetch || !strings.Contains(err.Text, "kept its output open") {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	for deadline := time.Now().Add(10 * time.Second); !gone(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

func TestAWatchedFileIsSeenHoweverItIsReplaced(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(d dir) error{
		"rename": func(d dir) error { return os.Rename(d.write("tmp", "[2]"), filepath.Join(d.path, "v")) },
		"symbolic link": func(d dir) error { // as mounted configuration does it
			d.write("new", "[2]")
			if err := os.Symlink("new", filepath.Join(d.path, "link")); err != nil {
				return err
			}
			return os.Rename(filepath.Join(d.path, "link"), filepath.Join(d.path, "v"))
		},
		"in place": func(d dir) error { d.write("old", "[2]  "); return nil },
	} {
		for _, before := range []bool{true, false} { // the watch begins
			t.Run(fmt.Sprintf("%s, before %t", name, before), func(t *testing.T) {
				t.Parallel()
				d := newDir(t, map[string]string{"old": "[1]"})
				if err := os.Symlink("old", filepath.Join(d.path, "v")); err != nil {
					t.Fatal(err)
				}
				r := d.resolver("- {id: s, type: file, path: v, refresh: watch}\n", LoadOptions{})
				one(t, r)
				ctx, cancel := context.WithCancel(t.Context())
				changes, done := make(chan string, 1), make(chan struct{})
				start := func() {
					go func() {
						defer close(done)
						r.Refresh(ctx, func(id string) { changes <- id }, func(err error) { t.Error(err) })
					}()
				}
				if !before {
					start()
				}
				if err := replace(d); err != nil {
					t.Fatal(err)
				}
				if before {
					start()
				}
				select {
				case <-changes:
				case <-time.After(20 * time.Second):
					t.Error("the change was not noticed")
				}
				cancel()
				<-done
				if v, _ := r.Data("s"); fmt.Sprint(v) != "[2]" {
					t.Errorf("got %v", v)
				}
			})
		}
	}
}

func TestLargeYAMLIsALimitAndNotAFault(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": "# " + strings.Repeat("x", yamldoc.MaxFileSize)})
	if _, err := one(t, d.resolver("- {id: s, type: file, path: v, format: yaml}\n", LoadOptions{})); err == nil || err.Kind != KindResource {
		t.Errorf("%v", err)
	}
}

func TestErrorsOfExpressionsHoldNothingOfTheValue(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		".a[]":                "jq: cannot iterate over: string",
		".a + 1":              "jq: cannot add: string",
		"error(.a)":           "jq: the expression raised an error",
		".a | tonumber":       "jq: tonumber cannot be applied to",
		".a | test(.a; .a)":   "jq: ",
		".[.a].b.c | {(.):1}": "jq: ",
	} {
		d := newDir(t, map[string]string{"v": `{"a":"hunter2"}`})
		_, err := one(t, d.resolver("- {id: s, type: file, path: v, extract: '"+expr+"'}\n", LoadOptions{}))
		if err == nil || err.Kind != KindExtract || !strings.HasPrefix(err.Text, want) || strings.Contains(err.Text, "hunter") {
			t.Errorf("%s: %v", expr, err)
		}
	}
	if got := cut(strings.Repeat("a", maxText-1) + "é"); !utf8.ValidString(got) {
		t.Errorf("%q", got[maxText-5:])
	}
}
