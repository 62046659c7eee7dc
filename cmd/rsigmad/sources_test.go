package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// listRule matches events whose user is in the list; listPipeline fills the list from the source block.
const (
	listRule     = "title: listed\nlogsource: {category: c}\ndetection: {s: {user|expand: '%block%'}, condition: s}\n"
	listPipeline = "name: p\npriority: 10\nvars: {block: ['${source.block}']}\ntransformations: [{type: value_placeholders}]\n"
)

// lists is a daemon whose rule takes its values from a source.
type lists struct {
	*process
	dir string
}

func launchLists(t *testing.T, declaration string, files map[string]string, args ...string) *lists {
	t.Helper()
	l := &lists{dir: t.TempDir()}
	for name, text := range files {
		l.write(t, name, text)
	}
	l.write(t, "sources.yml", "sources:\n  - {id: block, format: lines, "+declaration+"}\n")
	args = append([]string{"-r", write(t, "r.yml", listRule), "-p", write(t, "p.yml", listPipeline), "--source", filepath.Join(l.dir, "sources.yml"),
		"--input", "http", "--reload-debounce-ms", "1"}, args...)
	l.process = launch(t, args...)
	return l
}

// write replaces a file as editors do.
func (l *lists) write(t *testing.T, name, text string) {
	t.Helper()
	tmp := filepath.Join(l.dir, "tmp")
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(l.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// matches reports whether an event of the user fires the rule.
func (l *lists) matches(user string) bool {
	l.t.Helper()
	before := l.metrics()["rsigma_detection_matches_total"]
	if status, body := l.request("POST", "/api/v1/events?sync=true", strings.NewReader(`{"user":"`+user+`"}`)); status != 200 {
		l.t.Fatalf("%d %s", status, body)
	}
	return l.metrics()["rsigma_detection_matches_total"] > before
}

// waitUntil polls until ok is true.
func (l *lists) waitUntil(what string, ok func() bool) {
	l.t.Helper()
	for range 400 {
		if ok() {
			return
		}
		l.until("", func() bool { return true })
		pause()
	}
	l.t.Fatalf("%s: waited in vain\n%s", what, l.log())
}

func TestAChangedSourceReachesTheRules(t *testing.T) {
	t.Parallel()
	l := launchLists(t, "type: file, path: list, refresh: watch", map[string]string{"list": "bo\n"})
	l.ready()
	if !l.matches("bo") || l.matches("al") {
		t.Fatal("the first list is not in force")
	}
	l.write(t, "list", "al\n")
	l.waitUntil("the new list", func() bool { return l.matches("al") })
	if l.matches("bo") {
		t.Error("the old value still matches")
	}
	if err := os.Remove(filepath.Join(l.dir, "list")); err != nil {
		t.Fatal(err)
	}
	l.waitUntil("stale", func() bool { _, body := l.get("/api/v1/sources"); return strings.Contains(body, `"status":"stale"`) })
	if !l.matches("al") || l.metrics()[`rsigma_source_resolve_errors_total{error_kind="Fetch",source_id="block"}`] < 1 {
		t.Error("the last good list is not in force, or the error was not counted")
	}
	_, body := l.get("/api/v1/sources")
	var got struct {
		Sources []struct {
			ID      string   `json:"source_id"`
			Type    string   `json:"type"`
			Refresh string   `json:"refresh"`
			UsedBy  []string `json:"used_by"`
			Origin  string   `json:"origin"`
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Sources) != 1 || got.Sources[0].Type != "File" || got.Sources[0].Refresh != "Watch" ||
		strings.Join(got.Sources[0].UsedBy, "") != "vars.block" || !strings.HasPrefix(got.Sources[0].Origin, "external:") {
		t.Errorf("%v: %s", err, body)
	}
	if status := l.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestTriggersReadSourcesAnew(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	list, asked := "bo\n", 0
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		w.Write([]byte(list))
	}))
	defer feed.Close()
	set := func(text string) { mu.Lock(); list = text; mu.Unlock() }
	l := launchLists(t, "type: http, url: '"+feed.URL+"', refresh: on_demand", nil)
	l.ready()
	set("al\n")
	if l.matches("al") {
		t.Fatal("the new list is in force without a trigger")
	}
	if status, body := l.request("POST", "/api/v1/sources/resolve/block?wait=true", nil); status != 200 || !strings.Contains(body, `"changed":true`) {
		t.Errorf("%d %s", status, body)
	}
	l.waitUntil("the resolved list", func() bool { return l.matches("al") })
	set("cy\n")
	if err := l.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	l.waitUntil("the list after SIGHUP", func() bool { return l.matches("cy") })
	set("")
	if status, body := l.request("POST", "/api/v1/reload?wait=true", nil); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if l.matches("cy") || l.matches("") {
		t.Error("an empty list matches something")
	}
	if status, body := l.request("DELETE", "/api/v1/sources/cache/block", nil); status != 200 || body != `{"status":"invalidated","source_id":"block"}` {
		t.Errorf("%d %s", status, body)
	}
	if _, body := l.get("/api/v1/status"); !strings.Contains(body, `"dynamic_sources":{"total":1,`) {
		t.Errorf("status %s", body)
	}
}

func TestARequiredSourceWithoutAValueEndsTheStart(t *testing.T) {
	t.Parallel()
	l := launchLists(t, "type: file, path: none, on_error: fail", nil)
	if status := l.wait(); status != 3 || !strings.Contains(l.log(), `source "block" has no value`) {
		t.Errorf("status %d\n%s", status, l.log())
	}
	heals := launchLists(t, "type: file, path: list, required: false, refresh: watch", nil)
	heals.ready()
	if heals.matches("bo") {
		t.Error("a list without a value matches")
	}
	heals.write(t, "list", "bo\n")
	heals.waitUntil("the list", func() bool { return heals.matches("bo") })
}

func TestASourceThatBreaksThePipelineKeepsTheOldRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	items := filepath.Join(dir, "items.json")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(items+".tmp", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(items+".tmp", items); err != nil {
			t.Fatal(err)
		}
	}
	put(`[{"id":"x","type":"field_name_mapping","mapping":{"user":"name"}}]`)
	rule := "title: named\nlogsource: {category: c}\ndetection: {s: {user: bo}, condition: s}\n"
	pipeline := "name: p\npriority: 10\ntransformations: [{include: '${source.items}'}]\n"
	src := filepath.Join(dir, "s.yml")
	if err := os.WriteFile(src, []byte("sources: [{id: items, type: file, path: items.json, refresh: watch}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &lists{process: launch(t, "-r", write(t, "r.yml", rule), "-p", write(t, "p.yml", pipeline), "--source", src, "--input", "http", "--reload-debounce-ms", "1")}
	l.ready()
	fires := func(event string) bool {
		before := l.metrics()["rsigma_detection_matches_total"]
		l.request("POST", "/api/v1/events?sync=true", strings.NewReader(event))
		return l.metrics()["rsigma_detection_matches_total"] > before
	}
	if !fires(`{"name":"bo"}`) || fires(`{"user":"bo"}`) {
		t.Fatal("the included item is not in force")
	}
	put(`[{"type":"no_such_transformation"}]`)
	l.waitUntil("the failed reload", func() bool { return l.metrics()["rsigma_reloads_failed_total"] > 0 })
	if !fires(`{"name":"bo"}`) {
		t.Error("the old rules are gone")
	}
}
