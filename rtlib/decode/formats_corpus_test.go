package decode

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// truth is one line of ground truth. Names are neutral and differ from format to format.
type truth struct {
	Fields map[string]any `json:"fields"`
}

// TestFormatsAgreeWithTheGroundTruth reads the line formats of the corpus.
func TestFormatsAgreeWithTheGroundTruth(t *testing.T) {
	dir := filepath.Join(corpus(t), "formats")
	plan := NewPlan(nil, true)
	for name, check := range map[string]func(*testing.T, map[string]string, map[string]any, *rtlib.Event, string){
		"syslog_rfc3164": checkSyslog3164, "syslog_rfc5424": checkSyslog5424, "logfmt": checkLogfmt, "cef": checkCEF, "plain": checkPlain,
	} {
		log, err := os.ReadFile(filepath.Join(dir, name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
		f, err := os.Open(filepath.Join(dir, name+".expected.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n := 0
		for sc := bufio.NewScanner(f); sc.Scan(); n++ {
			var want truth
			if err := json.Unmarshal(sc.Bytes(), &want); err != nil {
				t.Fatal(err)
			}
			ev := rtlib.NewEvent()
			read(t, plan, ev, name, lines[n])
			check(t, pairs(ev), want.Fields, ev, lines[n])
		}
		if n != 200 || len(lines) != 200 {
			t.Errorf("%s: %d lines, %d of truth; want 200", name, len(lines), n)
		}
	}
}

func read(t *testing.T, plan *Plan, ev *rtlib.Event, name, line string) {
	switch {
	case strings.HasPrefix(name, "syslog"):
		plan.Syslog(ev, []byte(line), testOptions)
	case name == "logfmt":
		plan.Logfmt(ev, []byte(line))
	case name == "cef":
		if err := plan.CEF(ev, []byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	default:
		plan.Plain(ev, []byte(line))
	}
}

func pairs(ev *rtlib.Event) map[string]string {
	out := map[string]string{}
	for _, p := range ev.Pairs() {
		if _, ok := out[p.Key]; !ok {
			out[p.Key] = p.Value
		}
	}
	return out
}

// same compares a field with the truth; null and nothing are the same, and so are a number and its digits.
func same(t *testing.T, line, name, got string, want any) {
	t.Helper()
	text := ""
	if want != nil {
		text = fmt.Sprint(want)
	}
	if f, ok := want.(float64); ok {
		text = fmt.Sprintf("%.0f", f)
	}
	if got != text {
		t.Errorf("%s\n%s = %q, want %q", line, name, got, text)
	}
}

// trimmed is a value without blanks around it, as messages of syslog and values of CEF are (daemon.md section 7).
func trimmed(v any) any {
	if s, ok := v.(string); ok {
		return strings.TrimSpace(s)
	}
	return v
}

func checkPRI(t *testing.T, line string, got map[string]string, want map[string]any) {
	t.Helper()
	facility, severity := "", ""
	if n, ok := want["facility"].(float64); ok {
		facility, severity = facilities[int(n)], severities[int(want["severity"].(float64))]
	}
	same(t, line, "facility", got["facility"], facility)
	same(t, line, "severity", got["severity"], severity)
}

func checkSyslog3164(t *testing.T, got map[string]string, want map[string]any, _ *rtlib.Event, line string) {
	checkPRI(t, line, got, want)
	same(t, line, "hostname", got["hostname"], want["hostname"])
	same(t, line, "tag", got["appname"], want["tag"])
	same(t, line, "pid", got["procid"], want["pid"])
	same(t, line, "message", got["_raw"], trimmed(want["message"]))
	stamp, err := time.Parse("Jan _2 15:04:05", want["timestamp"].(string))
	if err != nil || !strings.Contains(got["timestamp"], stamp.Format("-01-02T15:04:05")) {
		t.Errorf("%s\ntimestamp %s, want %s", line, got["timestamp"], want["timestamp"])
	}
}

func checkSyslog5424(t *testing.T, got map[string]string, want map[string]any, _ *rtlib.Event, line string) {
	checkPRI(t, line, got, want)
	for _, name := range []string{"hostname", "appname", "procid", "msgid"} {
		same(t, line, name, got[name], want[name])
	}
	same(t, line, "message", got["_raw"], trimmed(want["message"]))
	for id, params := range want["structured_data"].(map[string]any) {
		for name, value := range params.(map[string]any) {
			same(t, line, id+"."+name, got[id+"."+name], value)
		}
	}
	if want["timestamp"] == nil {
		same(t, line, "timestamp", got["timestamp"], nil)
		return
	}
	a, errA := time.Parse(time.RFC3339Nano, got["timestamp"])
	b, errB := time.Parse(time.RFC3339Nano, want["timestamp"].(string))
	if errA != nil || errB != nil || !a.Equal(b) {
		t.Errorf("%s\ntimestamp %s, want %s", line, got["timestamp"], want["timestamp"])
	}
}

// checkLogfmt allows for the one thing that daemon.md section 7.2 says otherwise: in quotes, \n and \t stay as they are.
func checkLogfmt(t *testing.T, got map[string]string, want map[string]any, _ *rtlib.Event, line string) {
	stay := strings.NewReplacer("\n", `\n`, "\t", `\t`)
	if len(got) != len(want) {
		t.Errorf("%s\n%d fields, want %d", line, len(got), len(want))
	}
	for name, value := range want {
		same(t, line, name, got[name], stay.Replace(fmt.Sprint(value)))
	}
}

func checkCEF(t *testing.T, got map[string]string, want map[string]any, _ *rtlib.Event, line string) {
	for name, theirs := range map[string]string{"cef_version": "cef_version", "deviceVendor": "device_vendor", "deviceProduct": "device_product",
		"deviceVersion": "device_version", "signatureId": "signature_id", "name": "name", "severity": "severity"} {
		same(t, line, name, got[name], want[theirs])
	}
	for name, value := range want["extension"].(map[string]any) {
		same(t, line, name, got[name], trimmed(value))
	}
}

func checkPlain(t *testing.T, _ map[string]string, want map[string]any, ev *rtlib.Event, _ string) {
	if got := string(ev.Raw()); got != want["message"] {
		t.Errorf("got %q, want %q", got, want["message"])
	}
}
