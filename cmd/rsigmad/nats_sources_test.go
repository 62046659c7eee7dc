package main

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// feedServer is a NATS server that knows the user u with the password p4ss.
func feedServer(t *testing.T, opts server.Options) *natstest.Server {
	t.Helper()
	if opts.Users == nil {
		opts.Username, opts.Password = "u", "p4ss"
	}
	return natstest.Start(t, opts)
}

// send publishes a message and waits until the server has it.
func send(t *testing.T, s *natstest.Server, subject, text string) {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL(), nats.UserInfo("u", "p4ss"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.Publish(subject, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

// source returns what the API says about a source.
func (l *lists) source(id string) (out struct {
	ID        string `json:"source_id"`
	Type      string
	Refresh   string
	Status    string
	Errors    int
	Resolves  int
	Hash      string
	LastError *struct{ Kind string } `json:"last_error"`
}) {
	l.t.Helper()
	_, body := l.get("/api/v1/sources")
	var list struct{ Sources []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		l.t.Fatal(err)
	}
	for _, text := range list.Sources {
		if err := json.Unmarshal(text, &out); err != nil {
			l.t.Fatal(err)
		}
		if out.ID == id {
			return out
		}
	}
	l.t.Fatalf("no source %s: %s", id, body)
	return out
}

func TestValuesFromNATSReachTheRulesAndFaultsKeepTheLastOne(t *testing.T) {
	t.Parallel()
	s := feedServer(t, server.Options{})
	l := launchLists(t, "type: nats, url: 'nats://"+s.Addr().String()+"', subject: lists.block, refresh: push, default: [], max_size: 40, min_length: 2", nil,
		"--nats-user", "u", "--nats-password", "p4ss", "--metrics-extended")
	l.ready()
	if got := l.source("block"); got.Status != "pending" || got.Type != "Nats" || got.Refresh != "Push" || got.Errors != 0 || got.Resolves != 1 {
		t.Errorf("before the first message: %+v", got)
	}
	if l.matches("bo") {
		t.Fatal("an empty list matches")
	}
	send(t, s, "lists.other", "bo\n")
	send(t, s, "lists.block", "al\ncy\n")
	l.waitUntil("the first list", func() bool { return l.matches("al") })
	if l.matches("bo") || !l.matches("cy") || l.source("block").Status != "ok" {
		t.Errorf("the first list is not in force: %+v", l.source("block"))
	}
	for kind, text := range map[string]string{"Parse": "bo\n\xff\n", "ResourceLimit": strings.Repeat("bo\n", 20), "Extract": "b\n"} {
		errors := `rsigma_source_resolve_errors_total{error_kind="` + kind + `",source_id="block"}`
		if l.metrics()[errors] != 0 {
			t.Fatalf("%s errors before the fault", kind)
		}
		send(t, s, "lists.block", text)
		l.waitUntil(kind, func() bool { return l.metrics()[errors] == 1 })
		if got := l.source("block"); got.Status != "stale" || got.LastError == nil || got.LastError.Kind != kind || !l.matches("al") || l.matches("bo") {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	send(t, s, "lists.block", "bo\nal\n")
	l.waitUntil("the list after the faults", func() bool { return l.matches("bo") })
	if got := l.source("block"); got.Status != "ok" || got.LastError != nil || l.matches("cy") {
		t.Errorf("after the faults: %+v", got)
	}
	l.write(t, "sources.yml", "sources:\n  - {id: block, type: nats, url: 'nats://"+s.Addr().String()+
		"', subject: lists.block, format: lines, refresh: push}\n") // required, and nobody publishes now
	l.waitUntil("the reload", func() bool { return l.metrics()["rsigma_source_value_changes_total"+`{source_id="block"}`] == 3 })
	if got := l.source("block"); got.Status != "ok" || !l.matches("bo") || s.NumClients() != 1 || l.metrics()["rsigma_reloads_failed_total"] != 0 {
		t.Errorf("after a reload: %+v, %d connections", got, s.NumClients())
	}
	s.Stop()
	l.logged("Disconnected from NATS")
	if _, body := l.request("POST", "/api/v1/sources/resolve/block?wait=true", nil); !strings.Contains(body, `"from_cache":true`) || !strings.Contains(body, "connection to the NATS server is lost") {
		t.Errorf("a trigger while the server is away: %s", body)
	}
	if status, _ := l.get("/readyz"); status != 200 || !l.matches("bo") {
		t.Error("the last list is not in force while the server is away")
	}
	s.Start()
	l.logged("Reconnected to NATS")
	l.waitUntil("a list after the return", func() bool { send(t, s, "lists.block", "di\n"); return l.matches("di") })
	m := l.metrics()
	if m[`rsigma_source_value_changes_total{source_id="block"}`] != 4 || m[`rsigma_source_resolves_total{source_id="block",source_type="nats"}`] < 7 ||
		m[`rsigma_source_last_resolved_timestamp{source_id="block"}`] == 0 {
		t.Errorf("metrics %v", m)
	}
	if strings.Contains(l.log(), "p4ss") {
		t.Error("the log tells the password")
	}
	if status := l.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestARequiredNATSSourceWithoutAMessageEndsTheStart(t *testing.T) {
	t.Parallel()
	s := feedServer(t, server.Options{})
	decl := "type: nats, url: 'nats://" + s.Addr().String() + "', subject: a, refresh: push, initial_wait: 20s, timeout: 20s"
	sends := launchLists(t, decl, nil, "--nats-user", "u", "--nats-password", "p4ss")
	sends.logged("Connected to NATS")
	if status, _ := sends.get("/readyz"); status != 503 {
		t.Errorf("ready before a required source has a value: %d", status)
	}
	sends.waitUntil("ready", func() bool {
		send(t, s, "a", "bo\n")
		status, _ := sends.get("/readyz")
		return status == 200
	})
	if !sends.matches("bo") {
		t.Error("the message that came in time is not in force")
	}
	silent := launchLists(t, strings.Replace(decl, "initial_wait: 20s", "initial_wait: 100ms", 1), nil, "--nats-user", "u", "--nats-password", "p4ss")
	if status := silent.wait(); status != 3 || !strings.Contains(silent.log(), "no message on a within 100ms") {
		t.Errorf("status %d\n%s", status, silent.log())
	}
	stranger := launchLists(t, decl, nil, "--nats-user", "u", "--nats-password", "n0pe")
	if status := stranger.wait(); status != 3 || !strings.Contains(stranger.log(), "Authorization Violation") || strings.Contains(stranger.log(), "n0pe") {
		t.Errorf("status %d\n%s", status, stranger.log())
	}
	lost := launchLists(t, "type: nats, subject: a, refresh: push", nil)
	if status := lost.wait(); status != 3 || !strings.Contains(lost.log(), "url is missing") {
		t.Errorf("status %d\n%s", status, lost.log())
	}
}

func TestANATSSourceIsReadOverTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	roots := write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})))
	s := feedServer(t, server.Options{TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}})
	sources := write(t, "s.yml", "sources: [{id: block, type: nats, url: 'nats://"+s.Addr().String()+"', subject: a, format: lines, refresh: push, default: []}]\n")
	args := []string{"-r", write(t, "r.yml", listRule), "-p", write(t, "p.yml", listPipeline), "--source", sources, "--input", "http",
		"--nats-user", "u", "--nats-password", "p4ss", "--nats-require-tls"}
	launchWith(t, []string{"SSL_CERT_FILE=" + roots}, args...).ready().stop()
	strange := launch(t, args...)
	if status := strange.wait(); status != 3 || !strings.Contains(strange.log(), "certificate") {
		t.Errorf("a server that nobody vouches for: status %d\n%s", status, strange.log())
	}
}

func TestTheControlSubjectHasSourcesReadAnew(t *testing.T) {
	t.Parallel()
	s := feedServer(t, server.Options{JetStream: true})
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("one", "bo\n")
	put("two", "x\n")
	put("s.yml", "sources:\n  - {id: block, type: file, path: one, format: lines, refresh: on_demand}\n"+
		"  - {id: two, type: file, path: two, format: lines, refresh: on_demand}\n"+
		"  - {id: feed, type: nats, subject: lists.feed, format: lines, refresh: on_demand, default: []}\n")
	l := &lists{dir: dir}
	l.process = launch(t, "-r", write(t, "r.yml", listRule), "-p", write(t, "p.yml", listPipeline), "--source", filepath.Join(dir, "s.yml"),
		"--input", "nats://"+s.Addr().String()+"/events", "--nats-user", "u", "--nats-password", "p4ss", "--reload-debounce-ms", "1")
	l.ready()
	l.logged("Control subject subscribed")
	fires := func(user string) bool {
		t.Helper()
		m := l.metrics()
		send(t, s, "events", fmt.Sprintf(`{"user":%q}`, user))
		l.waitForMetric("rsigma_events_processed_total", m["rsigma_events_processed_total"]+1)
		return l.metrics()["rsigma_detection_matches_total"] > m["rsigma_detection_matches_total"]
	}
	if !fires("bo") || fires("al") {
		t.Fatal("the first list is not in force")
	}
	put("one", "al\n")
	put("two", "y\n")
	send(t, s, "lists.feed", "z\n")
	first := [3]string{l.source("block").Hash, l.source("two").Hash, l.source("feed").Hash}
	send(t, s, "rsigma.control.resolve", "no_such_source")
	l.logged("A message on the control subject names no source")
	if l.source("block").Resolves != 1 || l.source("two").Resolves != 1 || l.source("feed").Resolves != 1 {
		t.Error("an unknown id has sources read")
	}
	send(t, s, "rsigma.control.resolve", " block\n")
	l.waitUntil("the list of the named source", func() bool { return fires("al") })
	if fires("bo") || l.source("two").Resolves != 1 || l.source("block").Hash == first[0] {
		t.Error("the named source was not the only one that was read")
	}
	put("one", "cy\n")
	send(t, s, "rsigma.control.resolve", "")
	l.waitUntil("all lists", func() bool { return fires("cy") })
	if got := [2]string{l.source("two").Hash, l.source("feed").Hash}; got[0] == first[1] || got[1] == first[2] || l.source("feed").Status != "ok" {
		t.Errorf("not all sources were read: %v", got)
	}
	if status := l.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestTheControlSubjectNeedsNoRights(t *testing.T) {
	t.Parallel()
	s := feedServer(t, server.Options{JetStream: true, Users: []*server.User{{Username: "u", Password: "p4ss",
		Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"rsigma.control.>"}}}}}})
	dir := t.TempDir()
	for name, text := range map[string]string{"list": "bo\n", "s.yml": "sources: [{id: block, type: file, path: list, format: lines}]\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, "-r", write(t, "r.yml", listRule), "-p", write(t, "p.yml", listPipeline), "--source", filepath.Join(dir, "s.yml"),
		"--input", "nats://"+s.Addr().String()+"/events", "--nats-user", "u", "--nats-password", "p4ss").ready()
	if line := p.logged("The control subject cannot be subscribed"); line.Level != "WARN" {
		t.Errorf("level %s", line.Level)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
