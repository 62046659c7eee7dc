package dynsource

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dir is a directory with files.
type dir struct {
	t    *testing.T
	path string
}

func newDir(t *testing.T, files map[string]string) dir {
	t.Helper()
	d := dir{t, t.TempDir()}
	for name, text := range files {
		d.write(name, text)
	}
	return d
}

func (d dir) write(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.path, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// resolver declares the sources of text, which is a YAML list, and returns a resolver for them.
func (d dir) resolver(text string, opts LoadOptions) *Resolver {
	d.t.Helper()
	decls, _, err := Load([]string{d.write("sources.yml", "sources:\n"+text)}, opts)
	if err != nil {
		d.t.Fatal(err)
	}
	return New(decls, Observer{})
}

// one resolves the only source and returns its value as JSON.
func one(t *testing.T, r *Resolver) (string, *Error) {
	t.Helper()
	res := r.Resolve(t.Context())
	if len(res) != 1 {
		t.Fatalf("%d results", len(res))
	}
	v, _ := r.Data(res[0].ID)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), res[0].Err
}

func TestFormatsAndExpressionsGiveTheDocumentedShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, keys, want string }{
		"json":          {`{"a":[1,2.5,"x",null,true]}`, "", `{"a":[1,2.5,"x",null,true]}`},
		"big numbers":   {`12345678901234567890`, "", `12345678901234567890`},
		"yaml":          {"a: 1\nb: [x, 2020-01-01]\n", "format: yaml", `{"a":1,"b":["x","2020-01-01"]}`},
		"yaml, several": {"a\n---\nb\n", "format: yaml", `["a","b"]`},
		"lines":         {"\ufeff a \r\n\n# c\n#d\nb", "format: lines", `["a","b"]`},
		"csv":           {"hostname,ip\nh,\"1,2\"\nk\n", "format: csv", `[{"hostname":"h","ip":"1,2"},{"hostname":"k"}]`},
		"jq, several":   {`{"ips":["a","b"]}`, `extract: ".ips[]"`, `["a","b"]`},
		"jq, one":       {`{"ips":["a"]}`, `extract: ".ips[]"`, `"a"`},
		"jq, none":      {`{"ips":[]}`, `extract: ".ips[]", allow_null: true`, `null`},
		"jq over lines": {"a\nb", `format: lines, extract: "map(. + \"!\")"`, `["a!","b!"]`},
		"jsonpath":      {`{"a":[{"n":1},{"n":2}]}`, `extract: {type: jsonpath, expr: "$.a[*].n"}`, `[1,2]`},
		"jsonpath, one": {`{"a":[{"n":1}]}`, `extract: {type: jsonpath, expr: "$.a[*].n"}`, `1`},
		"equal keys":    {`{"a":1,"a":2}`, "", `{"a":2}`},
	} {
		d := newDir(t, map[string]string{"v": c.data})
		keys := "id: s, type: file, path: v"
		if c.keys != "" {
			keys += ", " + c.keys
		}
		got, err := one(t, d.resolver("- {"+keys+"}\n", LoadOptions{}))
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestFailuresHaveTheirKind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data, keys string
		want       ErrorKind
	}{
		"no file":              {"", "path: none", KindFetch},
		"a directory":          {"", "path: .", KindFetch},
		"broken JSON":          {`{"a":`, "path: v", KindParse},
		"more than one value":  {`1 2`, "path: v", KindParse},
		"not UTF-8":            {"\xff", "path: v, format: lines", KindParse},
		"a long record":        {"a\n1,2\n", "path: v, format: csv", KindParse},
		"no header":            {"", "path: v, format: csv", KindParse},
		"too large":            {strings.Repeat("x", 100), "path: v, format: lines, max_size: 99", KindResource},
		"too deep":             {strings.Repeat("[", 70) + strings.Repeat("]", 70), "path: v", KindResource},
		"a failing expression": {`1`, `path: v, extract: "error(\"x\")"`, KindExtract},
		"null":                 {`{}`, `path: v, extract: ".x"`, KindExtract},
		"too few items":        {"a\n", "path: v, format: lines, min_items: 2", KindExtract},
		"too many items":       {"a\nb\n", "path: v, format: lines, max_items: 1", KindResource},
		"too short an item":    {"aaa\n*\n", "path: v, format: lines, min_length: 2", KindExtract},
	} {
		d := newDir(t, map[string]string{"v": c.data})
		r := d.resolver("- {id: s, type: file, "+c.keys+"}\n", LoadOptions{})
		if _, err := one(t, r); err == nil || err.Kind != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if _, err := r.Values(); err == nil || !strings.Contains(err.Error(), `source "s" has no value`) {
			t.Errorf("%s: a required source without a value: %v", name, err)
		}
	}
}

func TestDeclarationsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"- {id: s, type: file, path: v, refesh: 5m}":                     `unknown key "refesh" (did you mean "refresh"?)`,
		"- {id: s, type: fil, path: v}":                                  `type "fil": want file, http, command or nats (did you mean "file"?)`,
		"- {id: s, path: v}":                                             "type is missing",
		"- {id: 1s, type: file, path: v}":                                "want letters",
		"- {id: s, type: file}":                                          "path is missing",
		"- {id: s, type: file, path: v, refresh: push}":                  "push is for sources of type nats",
		"- {id: s, type: http, url: 'http://x', refresh: watch}":         "only files can be watched",
		"- {id: s, type: file, path: v, refresh: often}":                 "want once, a duration",
		"- {id: s, type: file, path: v, refresh: 0s}":                    "want once, a duration",
		"- {id: s, type: file, path: v, timeout: -1}":                    "timeout: want a duration",
		"- {id: s, type: file, path: v, timeout: 11m}":                   "at most",
		"- {id: s, type: file, path: v, on_error: use_default}":          "needs a default",
		"- {id: s, type: file, path: v, on_error: ignore}":               "want use_cached, use_default or fail",
		"- {id: s, type: file, path: v, required: yes}":                  "want true or false",
		"- {id: s, type: file, path: v, extract: '.['}":                  "jq expression",
		"- {id: s, type: file, path: v, extract: {type: cel, expr: x}}":  "CEL is not part of this version",
		"- {id: s, type: file, path: v, extract: {type: jq, exp: x}}":    `unknown key "exp"`,
		"- {id: s, type: file, path: v, max_size: 100000000}":            "at most 67108864",
		"- {id: s, type: http, url: ftp://x}":                            "want an absolute URL",
		"- {id: s, type: http, url: 'http://x', method: 'A B'}":          "is no token",
		"- {id: s, type: http, url: 'http://x', tls: {ca_file: none}}":   "no certificate can be read",
		"- {id: s, type: command, command: [a]}":                         "--allow-command turns them on",
		"- {id: s, type: file, path: v}\n- {id: s, type: file, path: w}": `source "s" is declared twice`,
		"- x": "a source is a mapping",
	} {
		d := newDir(t, map[string]string{"s.yml": "sources:\n" + text + "\n"})
		_, _, err := Load([]string{filepath.Join(d.path, "s.yml")}, LoadOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s.yml:") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	two := newDir(t, map[string]string{"a.yml": "sources: [{id: s, type: file, path: v}]", "b.yaml": "sources: [{id: s, type: file, path: v}]", "c.txt": "x"})
	if _, _, err := Load([]string{two.path}, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "a.yml") || !strings.Contains(err.Error(), "b.yaml") {
		t.Errorf("a duplicate over two files: %v", err)
	}
	if err := os.Chmod(filepath.Join(two.path, "a.yml"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load([]string{filepath.Join(two.path, "a.yml")}, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "written by everybody") {
		t.Errorf("a file that everybody may write: %v", err)
	}
	if _, _, err := Load([]string{filepath.Join(two.path, "a.yml")}, LoadOptions{InsecurePermissions: true}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

func TestAFailureKeepsWhatThePolicySays(t *testing.T) {
	t.Parallel()
	for policy, c := range map[string]struct {
		keys   string
		want   string // after the file is gone; empty if there is no value
		status string
	}{
		"use_cached":  {"on_error: use_cached", `["a"]`, "stale"},
		"fail":        {"on_error: fail", `["a"]`, "stale"}, // a failing refresh never clears a value
		"use_default": {"on_error: use_default, default: [d]", `["d"]`, "default"},
	} {
		d := newDir(t, map[string]string{"v": "a\n"})
		r := d.resolver("- {id: s, type: file, path: v, format: lines, "+c.keys+"}\n", LoadOptions{})
		if got, err := one(t, r); err != nil || got != `["a"]` {
			t.Fatalf("%s: %s, %v", policy, got, err)
		}
		good := r.Status()[0].Resolved
		if err := os.Remove(filepath.Join(d.path, "v")); err != nil {
			t.Fatal(err)
		}
		got, err := one(t, r)
		if st := r.Status()[0]; err == nil || got != c.want || st.State != c.status || !st.Resolved.Equal(good) || st.Errors != 1 {
			t.Errorf("%s: %s, %v, status %+v", policy, got, err, st)
		}
		d.write("v", "b\n")
		res := r.Resolve(t.Context())[0]
		if got, _ := r.Data("s"); !res.Changed || fmt.Sprint(got) != "[b]" || r.Status()[0].State != "ok" {
			t.Errorf("%s: after recovery: %v, %+v", policy, got, res)
		}
		if res := r.Resolve(t.Context())[0]; res.Changed {
			t.Errorf("%s: an equal value counts as a change", policy)
		}
	}
	d := newDir(t, nil)
	r := d.resolver("- {id: s, type: file, path: none, required: false}\n", LoadOptions{})
	if res := r.Resolve(t.Context())[0]; !res.Usable || res.Err == nil {
		t.Errorf("an optional source: %+v", res)
	}
	if v, err := r.Values(); err != nil || v["s"].Value != nil {
		t.Errorf("an optional source without a value: %v, %v", v, err)
	}
}

func TestValuesReachPipelinesAsTrees(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": `{"b":[1,2.5,"x"],"a":null}`})
	r := d.resolver("- {id: s, type: file, path: v, literal: true}\n", LoadOptions{})
	one(t, r)
	v, err := r.Values()
	if err != nil || yamldoc.JSON(v["s"].Value) != `{"a":null,"b":[1,2.5,"x"]}` || !v["s"].Literal || v["s"].Remote {
		t.Errorf("%+v, %v", v["s"], err)
	}
}

// server answers with what handle writes.
func server(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

func TestHTTPSourcesAreFetchedWithinLimits(t *testing.T) {
	t.Setenv("DYNSOURCE_TOKEN", "sesame")
	var seen http.Header
	var method string
	etag := ""
	var mu sync.Mutex
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen, method = r.Header.Clone(), r.Method
		switch r.URL.Path {
		case "/ok":
			fmt.Fprint(w, `["a"]`)
		case "/etag":
			if etag != "" && r.Header.Get("If-None-Match") == etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			etag = `"1"`
			w.Header().Set("ETag", etag)
			fmt.Fprint(w, `["e"]`)
		case "/declared":
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, strings.Repeat("x", 1000))
		case "/chunked":
			for range 100 {
				fmt.Fprint(w, strings.Repeat("x", 100))
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(bytes.Repeat([]byte("x"), 1<<20))
			z.Close()
		case "/500":
			w.WriteHeader(500)
			fmt.Fprint(w, "went wrong")
		case "/slow":
			mu.Unlock()
			<-r.Context().Done()
			mu.Lock()
		case "/meta":
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/broken":
			w.Header().Set("Location", "http://secret\"secret:x/?secret")
			w.WriteHeader(http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}
	})
	load := func(path, keys string, opts LoadOptions) (*Resolver, string, *Error) {
		r := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+path+"', timeout: 2s, max_size: 500"+keys+"}\n", opts)
		got, err := one(t, r)
		return r, got, err
	}
	opts := LoadOptions{UserAgent: "rsigmad/test"}
	if _, got, err := load("/ok?q=${DYNSOURCE_TOKEN}", ", headers: {Authorization: 'Bearer ${DYNSOURCE_TOKEN}'}", opts); err != nil || got != `["a"]` || seen.Get("Authorization") != "Bearer sesame" || seen.Get("User-Agent") != "rsigmad/test" || method != "GET" {
		t.Errorf("%s, %v, %v", got, err, seen)
	}
	if _, _, err := load("/ok", ", body: x", opts); err != nil || method != "POST" {
		t.Errorf("a body: %s, %v", method, err)
	}
	r, _, _ := load("/etag", "", opts)
	if got, err := one(t, r); err != nil || got != `["e"]` || seen.Get("If-None-Match") != `"1"` || r.Status()[0].Resolves != 2 {
		t.Errorf("304: %s, %v", got, err)
	}
	for name, c := range map[string]struct {
		path, keys string
		opts       LoadOptions
		kind       ErrorKind
		text       string
	}{
		"declared size":  {"/declared", "", opts, KindResource, "500 bytes"},
		"chunked size":   {"/chunked", "", opts, KindResource, "500 bytes"},
		"bomb":           {"/bomb", "", opts, KindResource, "500 bytes"},
		"status":         {"/500?secret=x", "", opts, KindFetch, "status 500: went wrong"},
		"timeout":        {"/slow", ", timeout: 50ms", opts, KindTimeout, "in time"},
		"metadata":       {"/meta", "", opts, KindFetch, "egress policy denied link-local address 169.254.169.254"},
		"redirects":      {"/loop", "", opts, KindFetch, "more than 3 redirects"},
		"broken":         {"/broken", "", opts, KindFetch, "Location header (not shown)"},
		"file":           {"/file", "", opts, KindFetch, "redirect to file"},
		"strict":         {"/ok", "", LoadOptions{Egress: EgressStrict}, KindFetch, "egress policy denied loopback address 127.0.0.1"},
		"unset variable": {"/ok?${DYNSOURCE_NOT_SET}", "", opts, KindFetch, "DYNSOURCE_NOT_SET is not set"},
	} {
		_, _, err := func() (*Resolver, string, *Error) {
			if name == "timeout" {
				r := newDir(t, nil).resolver("- {id: s, type: http, url: '"+s.URL+c.path+"', timeout: 50ms}\n", c.opts)
				got, err := one(t, r)
				return r, got, err
			}
			return load(c.path, c.keys, c.opts)
		}()
		if strings.HasPrefix(c.text, "egress") && err != nil && !strings.HasPrefix(err.Text, c.text) {
			t.Errorf("%s: %q does not begin with %q", name, err.Text, c.text)
		}
		if err == nil || err.Kind != c.kind || !strings.Contains(err.Text, c.text) || strings.Contains(err.Text, "secret") || strings.Contains(err.Text, "sesame") {
			t.Errorf("%s: %v, want %s %q", name, err, c.kind, c.text)
		}
	}
}

// TestAnAddressIsJudgedHoweverItIsSpelled covers the addresses that a request could be tricked into.
func TestAnAddressIsJudgedHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, c := range []struct {
		addr             string
		standard, strict bool // denied
	}{
		{"169.254.169.254", true, true}, {"169.254.0.1", true, true}, {"fe80::1", true, true}, {"fe80::1%eth0", true, true},
		{"::ffff:169.254.169.254", true, true}, {"64:ff9b::a9fe:a9fe", true, true}, {"2002:a9fe:a9fe::1", true, true},
		{"fd00:ec2::254", true, true}, {"0.0.0.0", true, true}, {"::", true, true}, {"224.0.0.1", true, true}, {"ff02::1", true, true}, {"255.255.255.255", true, true},
		{"127.0.0.1", false, true}, {"127.8.8.8", false, true}, {"::1", false, true}, {"::ffff:127.0.0.1", false, true}, {"64:ff9b::7f00:1", false, true},
		{"10.1.2.3", false, true}, {"172.16.0.1", false, true}, {"172.32.0.1", false, false}, {"192.168.1.1", false, true}, {"fc00::1", false, true},
		{"100.64.0.1", false, true}, {"198.18.0.1", false, true}, {"240.0.0.1", false, true}, {"0.1.2.3", false, true}, {"2002:c0a8:0101::1", false, true},
		{"8.8.8.8", false, false}, {"2001:4860:4860::8888", false, false}, {"::ffff:8.8.8.8", false, false},
	} {
		cases++
		a := netip.MustParseAddr(c.addr)
		if got := EgressDefault.Check(a) != nil; got != c.standard {
			t.Errorf("default, %s: denied %t", c.addr, got)
		}
		if got := EgressStrict.Check(a) != nil; got != c.strict {
			t.Errorf("strict, %s: denied %t", c.addr, got)
		}
		if EgressPermissive.Check(a) != nil {
			t.Errorf("permissive, %s: denied", c.addr)
		}
	}
	t.Logf("%d spellings", cases)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if c, err := EgressStrict.Dialer().Dial("tcp", "localhost:"+port); err == nil || !strings.Contains(err.Error(), "egress policy denied") {
		if c != nil {
			c.Close()
		}
		t.Errorf("a name that leads to a denied address: %v", err)
	}
}

func TestCommandsRunWithinLimits(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"here": "x"})
	run := func(script, keys string) (string, *Error) {
		r := d.resolver("- {id: s, type: command, format: lines, command: [/bin/sh, -c, "+strconv.Quote(script)+"]"+keys+"}\n", LoadOptions{AllowCommand: true})
		return one(t, r)
	}
	if got, err := run("ls; echo $A; env | wc -l | tr -d ' '", ", env: {A: b}"); err != nil || !strings.HasPrefix(got, `["here","sources.yml","b"`) {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := run("head -c 1048576 /dev/zero | tr '\\\\0' x >&2; echo done", ""); err != nil || got != `["done"]` {
		t.Errorf("a megabyte on standard error: %s, %v", got, err)
	}
	if _, err := run("echo no luck >&2; exit 3", ""); err == nil || err.Kind != KindFetch || !strings.Contains(err.Text, "exit status 3: no luck") {
		t.Errorf("a failing command: %v", err)
	}
	if _, err := run("yes", ", max_stdout: 1000"); err == nil || err.Kind != KindResource {
		t.Errorf("endless output: %v", err)
	}
	pidFile := filepath.Join(d.path, "pid")
	if _, err := run("sleep 600 & echo $! > "+pidFile+"; wait", ", timeout: 500ms"); err == nil || err.Kind != KindTimeout {
		t.Errorf("a command that takes too long: %v", err)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	for deadline := time.Now().Add(10 * time.Second); !gone(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the grandchild %d still runs", pid)
		}
	}
}

// gone reports whether a process has ended, reaped or not.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestAWatchedFileIsReadWhenItChanges(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": "a\n"})
	r := d.resolver("- {id: s, type: file, path: v, format: lines, refresh: watch}\n", LoadOptions{})
	one(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	changes := make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Refresh(ctx, func(id string) { changes <- id }, func(err error) { t.Error(err) })
	}()
	time.Sleep(50 * time.Millisecond) // the first comparison may come at any time; the poll finds what the notification missed
	d.write("tmp", "b\n")
	if err := os.Rename(filepath.Join(d.path, "tmp"), filepath.Join(d.path, "v")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changes:
	case <-time.After(10 * time.Second):
		t.Fatal("the change was not noticed")
	}
	if v, _ := r.Data("s"); fmt.Sprint(v) != "[b]" {
		t.Errorf("got %v", v)
	}
	cancel()
	<-done
}

// TestIntervalsAndRetriesKeepTheirTime runs in fake time.
func TestIntervalsAndRetriesKeepTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n, m atomic.Int64
		count := func(n *atomic.Int64) fetcher {
			return fetchFunc(func() ([]byte, error) { return []byte(strconv.FormatInt(n.Add(1)/3, 10)), nil })
		}
		failing := fetchFunc(func() ([]byte, error) {
			if m.Add(1) == 1 {
				return nil, os.ErrNotExist
			}
			return []byte("1"), nil
		})
		r := New([]*Declaration{
			{ID: "a", Format: "json", Timeout: time.Second, Required: true, Refresh: Refresh{PolicyInterval, time.Minute}, fetch: count(&n)},
			{ID: "b", Format: "json", Timeout: time.Second, fetch: failing},
		}, Observer{})
		r.Resolve(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var mu sync.Mutex
		var changed []string
		start := time.Now()
		r.Refresh(ctx, func(id string) {
			if id == "b" && time.Since(start) != retryAfter {
				t.Errorf("the retry came after %s", time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			changed = append(changed, id)
		}, nil)
		if got := n.Load(); got < 9 || got > 11 {
			t.Errorf("%d reads in ten minutes", got)
		}
		if m.Load() != 2 || changed[0] != "b" || len(changed) < 3 {
			t.Errorf("%d reads of the optional source, changes %v", m.Load(), changed)
		}
	})
}

type fetchFunc func() ([]byte, error)

func (f fetchFunc) fetch(context.Context, *Declaration) ([]byte, bool, error) {
	data, err := f()
	return data, false, err
}

func TestADeclarationThatHasNotChangedKeepsItsValue(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": "a\n"})
	text := "- {id: s, type: file, path: v, format: lines}\n- {id: t, type: file, path: v, format: lines}\n"
	old := d.resolver(text, LoadOptions{})
	old.Resolve(t.Context())
	next := d.resolver(strings.Replace(text, "id: t, ", "id: t, timeout: 3s, ", 1), LoadOptions{})
	if diff := cmp.Diff([]string{"t"}, next.Adopt(old)); diff != "" {
		t.Error(diff)
	}
	if v, ok := next.Data("s"); !ok || fmt.Sprint(v) != "[a]" {
		t.Errorf("got %v", v)
	}
	next.Invalidate("s")
	if _, ok := next.Data("s"); ok {
		t.Error("an invalidated value is still there")
	}
}

func TestALongListLoads(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	for i := range n {
		fmt.Fprintf(&b, "%d\n", i)
	}
	d := newDir(t, map[string]string{"v": b.String()})
	r := d.resolver("- {id: s, type: file, path: v, format: lines}\n", LoadOptions{})
	r.Resolve(t.Context())
	if st := r.Status()[0]; st.Items != n || st.State != "ok" {
		t.Errorf("%d items, %s, %v", st.Items, st.State, st.Last)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "[1]", "a: b", "a,b\n1,2", "#x\ny", "\xef\xbb\xbf1", "\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		for name := range formats {
			if v, err := parse(name, []byte(data)); err == nil {
				if _, e := json.Marshal(v); e != nil {
					t.Fatalf("%s: %v", name, e)
				}
				node(v, yamldoc.Node{}.Pos)
			}
		}
	})
}
