package main

import (
	"compress/gzip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

const whoamiImage = `title: whoami image
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: \whoami.exe}, condition: s}
`

// eventLog returns a log with an event for each image.
func eventLog(images ...string) []byte {
	event := evtxtest.Elem("Event",
		evtxtest.Elem("System", evtxtest.Elem("EventID", evtxtest.Sub(0)),
			evtxtest.Elem("Channel", evtxtest.Text("Microsoft-Windows-Sysmon/Operational"))),
		evtxtest.Elem("EventData", evtxtest.Data("Image", evtxtest.Sub(1))))
	c := evtxtest.NewChunk()
	for i, image := range images {
		id := evtxtest.NewValue(0x06, []byte{1, 0})
		c.Record(uint64(i+1), 0, evtxtest.Instance("event", event, id, evtxtest.String(image)))
	}
	return evtxtest.Log(c.Bytes())
}

func TestEvalReadsEventLogsByTheirSignature(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", whoamiImage)
	log := string(eventLog(`C:\whoami.exe`, `C:\cmd.exe`, `C:\WHOAMI.EXE`))
	var zipped strings.Builder
	zw := gzip.NewWriter(&zipped)
	zw.Write([]byte(log))
	zw.Close()
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"a file":                     {"", []string{write(t, "Security.evtx", log)}},
		"a file by another name":     {"", []string{write(t, "events.json", log)}},
		"a compressed file":          {"", []string{write(t, "Security.evtx.gz", zipped.String())}},
		"standard input":             {log, nil},
		"a file after @":             {"", []string{"-e", "@" + write(t, "e.evtx", log)}},
		"standard input by its name": {log, []string{"-"}},
	} {
		got := exec(t, c.stdin, append([]string{"eval", "-r", rules, "-p", "windows_evtx_json"}, c.args...)...)
		want := []string{"whoami image", "whoami image"}
		if diff := cmp.Diff(want, titles(t, got.stdout)); got.status != 0 || diff != "" {
			t.Errorf("%s: status %d\n%s%s", name, got.status, diff, got.stderr)
		}
		if !strings.Contains(got.stderr, "3 events, 0 bad lines, 2 detections") {
			t.Errorf("%s: %s", name, got.stderr)
		}
	}
}

func TestDamagedRecordsOfAnEventLogAreCountedWithTheirOffset(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", whoamiImage)
	log := eventLog(`C:\whoami.exe`, `C:\whoami.exe`, `C:\whoami.exe`)
	log[4096+512+28] = 0x3f // the first token of the first record, which holds the template of all
	log[4096+52]++          // the checksum
	file := write(t, "Damaged.evtx", string(log))
	good := write(t, "Good.evtx", string(eventLog(`C:\whoami.exe`)))
	got := exec(t, "", "eval", "-r", rules, "-p", "windows_evtx_json", file, good)
	for _, want := range []string{
		file + ": offset 4096: the checksum of the chunk header is wrong\n",
		file + ": offset 4636: unknown BinXML token 0x3f\n",
		"3 events, 2 bad lines, 3 detections",
	} {
		if got.status != 0 || !strings.Contains(got.stderr, want) {
			t.Errorf("status %d, no %q in\n%s", got.status, want, got.stderr)
		}
	}
}
