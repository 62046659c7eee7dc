package decode

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

// benchEvents are typical: a process creation, a registry event with its message, a nested cloud event, a network record.
var benchEvents = []string{
	`{"EventID":1,"Image":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /priv","ParentImage":"C:\\Windows\\System32\\cmd.exe","ParentCommandLine":"\"C:\\Windows\\System32\\cmd.exe\" /c whoami","User":"NT AUTHORITY\\SYSTEM","IntegrityLevel":"High","ProcessId":18523,"Hashes":"SHA256=23D188A3B99E68433F7A43C5E11DC057071E2B0CF6128E6E96235783D50EAD5D","UtcTime":"2024-07-28 11:44:53.919","product":"windows","category":"process_creation"}`,
	`{"ProcessGuid":"{6a910b9d-498a-5ee0-c903-000000000400}","Task":13,"Keywords":-9223372036854775808,"TargetObject":"\\REGISTRY\\A\\{361c92d4-b0d9-fc34-0cf8-30ca2aeb8b9b}\\LocalState\\Index","Hostname":"WORKSTATION6.example.local","tags":["lab"],"Image":"C:\\Windows\\SystemApps\\SearchUI.exe","EventID":13,"Message":"Registry value set:\r\nRuleName: -\r\nEventType: SetValue\r\nUtcTime: 2020-06-10 02:50:54.631\r\nProcessId: 6196\r\nImage: C:\\Windows\\SystemApps\\SearchUI.exe\r\nTargetObject: \\REGISTRY\\A\\{361c92d4-b0d9-fc34-0cf8-30ca2aeb8b9b}\\LocalState\\Index\r\nDetails: Binary Data"}`,
	`{"eventVersion": "1.05", "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/Alice"}, "a": {"b": {"c": "X"}}, "responseElements": null, "resources": [{"type": "AWS::S3::Bucket"}, {"type": "AWS::S3::Object"}], "readOnly": true}`,
	`{"ts":1588205145.839054,"uid":"CvuAN14VJzYjwFWHe2","id.orig_h":"10.0.1.6","id.orig_p":62387,"proto":"tcp","duration":0.25,"process.name":"x"}`,
}

// bench decodes lines in turn.
func bench(b *testing.B, p *Plan, lines [][]byte) {
	ev := rtlib.NewEvent()
	bytes := 0
	for _, line := range lines {
		bytes += len(line)
	}
	b.SetBytes(int64(bytes / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := p.JSON(ev, lines[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
}

func benchBoth(b *testing.B, fields []rtlib.FieldID, lines [][]byte) {
	b.Run("fields", func(b *testing.B) { bench(b, NewPlan(fields, false), lines) })
	b.Run("all_strings", func(b *testing.B) { bench(b, NewPlan(fields, true), lines) })
}

func BenchmarkJSON(b *testing.B) {
	var lines [][]byte
	for _, s := range benchEvents {
		lines = append(lines, []byte(s))
	}
	benchBoth(b, ids(fuzzFields[:len(fuzzFields)-4]), lines)
}

// BenchmarkJSONCorpus decodes real telemetry for the fields that the SigmaHQ rules name.
func BenchmarkJSONCorpus(b *testing.B) {
	fields := ruleFields(b)
	for _, name := range []string{"windows.ndjson.gz", "lanes/structured_windows.ndjson.gz", "lanes/raw_windows.ndjson.gz", "lanes/cisco_syslog.ndjson.gz", "lanes/no_match.ndjson.gz", "cloud.ndjson.gz", "zeek.ndjson.gz"} {
		b.Run(name, func(b *testing.B) { benchBoth(b, fields, readLines(b, name, 10000)) })
	}
}

// ruleFields extracts the field names of the SigmaHQ rules, roughly.
func ruleFields(tb testing.TB) []rtlib.FieldID {
	key := regexp.MustCompile(`(?m)^ {8,}(?:- )?'?([A-Za-z][A-Za-z0-9_.\-]*)(?:\|[a-z0-9|]+)?'?:`)
	names := map[string]bool{}
	for file, text := range readTar(tb, filepath.Join(corpus(tb), "sigmahq-rules.tar.gz")) {
		_, detection, _ := bytes.Cut(text, []byte("\ndetection:"))
		if filepath.Ext(file) != ".yml" {
			continue
		}
		for _, m := range key.FindAllSubmatch(detection, -1) {
			names[string(m[1])] = true
		}
	}
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	var ids []rtlib.FieldID
	for _, name := range sorted {
		ids = append(ids, rtlib.Field(name).ID())
	}
	return ids
}

func readLines(tb testing.TB, name string, limit int) (lines [][]byte) {
	tb.Helper()
	f, err := os.Open(filepath.Join(corpus(tb), filepath.FromSlash(name)))
	if err != nil {
		tb.Skip(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	s := bufio.NewScanner(zr)
	s.Buffer(nil, 1<<26)
	for len(lines) < limit && s.Scan() {
		lines = append(lines, bytes.Clone(s.Bytes()))
	}
	return lines
}
