package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

var testOptions = SyslogOptions{Now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}

// shown is an event as text: its pairs, its JSON, or its line.
func shown(ev *rtlib.Event) string {
	switch ev.Shape() {
	case rtlib.ShapeKV:
		var parts []string
		for _, p := range ev.Pairs() {
			parts = append(parts, p.Key+"="+p.Value)
		}
		return "kv " + strings.Join(parts, "|")
	case rtlib.ShapeJSON:
		return "json " + string(ev.Raw())
	default:
		return "plain " + string(ev.Raw())
	}
}

func TestSyslogLines(t *testing.T) {
	t.Parallel()
	plan := NewPlan(nil, true)
	berlin := testOptions
	berlin.Zone = time.FixedZone("", 3600)
	for _, c := range []struct {
		line, want string
		options    SyslogOptions
	}{
		{"<34>Oct 11 22:14:15 gw su[77]: bad login",
			"kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|appname=su|procid=77|facility=LOG_AUTH|severity=SEV_CRIT|_raw=bad login", testOptions},
		{"<34> OCT 11 22:14:15: gw su: x: y", "kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|appname=su|facility=LOG_AUTH|severity=SEV_CRIT|_raw=x: y", testOptions},
		{"Feb  3 2020 01:02:03 gw su: x", "kv timestamp=2020-02-03T01:02:03+01:00|hostname=gw|appname=su|_raw=x", berlin},
		{"<0>2024-01-15T10:30:00.25Z gw kernel: x", "kv timestamp=2024-01-15T10:30:00.250+00:00|hostname=gw|appname=kernel|facility=LOG_KERN|severity=SEV_EMERG|_raw=x", testOptions},
		{"<34>Oct 11 22:14:15 su[77]: no host", "kv timestamp=2026-10-11T22:14:15+00:00|appname=su|procid=77|facility=LOG_AUTH|severity=SEV_CRIT|_raw=no host", testOptions},
		{"<34>Oct 11 22:14:15 gw only words here", "kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|facility=LOG_AUTH|severity=SEV_CRIT|_raw=only words here", testOptions},
		{"<34>just text", "kv facility=LOG_AUTH|severity=SEV_CRIT|_raw=just text", testOptions},
		{"<34>Oct 11 22:14:15 gw app: [x@1 a=\"b\"] rest", "kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|appname=app|facility=LOG_AUTH|severity=SEV_CRIT|x@1.a=b|_raw=rest", testOptions},
		{"<34>Oct 11 22:14:15 gw app: [not] rest", "kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|appname=app|facility=LOG_AUTH|severity=SEV_CRIT|_raw=[not] rest", testOptions},
		{`<165>1 2003-10-11T22:14:15.003Z host app 12 ID47 [ex@3 a="1" b="\"\]\\\n\q"][ex@4 c="2"] hello`,
			"kv timestamp=2003-10-11T22:14:15.003+00:00|hostname=host|appname=app|procid=12|msgid=ID47|facility=LOG_LOCAL4|severity=SEV_NOTICE|ex@3.a=1|ex@3.b=\"]\\\n\\q|ex@4.c=2|_raw=hello", testOptions},
		{"<34>1 - - - - - - \uFEFFx", "kv facility=LOG_AUTH|severity=SEV_CRIT|_raw=x", testOptions},
		{"<34>1 - - - - - -", "kv facility=LOG_AUTH|severity=SEV_CRIT", testOptions},
		{"<34>1 - h a p m [x y=\"z", "kv hostname=h|appname=a|procid=p|msgid=m|facility=LOG_AUTH|severity=SEV_CRIT", testOptions},
		{"<999>Oct 11 22:14:15 h su: pri too big", "kv _raw=<999>Oct 11 22:14:15 h su: pri too big", testOptions},
		{"no header at all", "kv _raw=no header at all", testOptions},
		{`<34>Oct 11 22:14:15 gw su: {"a": 1, "syslog_hostname": "mine"}`,
			`json {"a": 1, "syslog_hostname": "mine","syslog_timestamp":"2026-10-11T22:14:15+00:00","syslog_appname":"su","syslog_facility":"LOG_AUTH","syslog_severity":"SEV_CRIT"}`, testOptions},
		{`<34>1 - - - - - [x@1 a="b"] {}`, `json {"syslog_facility":"LOG_AUTH","syslog_severity":"SEV_CRIT","sd.x@1.a":"b"}`, testOptions},
		{`<34>Oct 11 22:14:15 gw su: {"a": 1`, `kv timestamp=2026-10-11T22:14:15+00:00|hostname=gw|appname=su|facility=LOG_AUTH|severity=SEV_CRIT|_raw={"a": 1`, testOptions},
	} {
		ev := rtlib.NewEvent()
		plan.Syslog(ev, []byte(c.line), c.options)
		if got := shown(ev); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestTheYearOfATimestampWithoutOneIsTheClosest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		month time.Month
		line  string
		want  string
	}{
		{time.January, "<34>Dec 31 23:59:59 h a: x", "2025-12-31T23:59:59"},
		{time.December, "<34>Jan  1 00:00:01 h a: x", "2027-01-01T00:00:01"},
		{time.June, "<34>Dec 31 23:59:59 h a: x", "2026-12-31T23:59:59"},
	} {
		ev := rtlib.NewEvent()
		NewPlan(nil, false).Syslog(ev, []byte(c.line), SyslogOptions{Now: time.Date(2026, c.month, 2, 0, 0, 0, 0, time.UTC)})
		if got := ev.Pairs()[0].Value; !strings.HasPrefix(got, c.want) {
			t.Errorf("in %s: %s, want %s", c.month, got, c.want)
		}
	}
}

func TestLogfmtLines(t *testing.T) {
	t.Parallel()
	plan := NewPlan(nil, true)
	for line, want := range map[string]string{
		`a=1 b="x y" c= d="" e`:    `kv a=1|b=x y|c=|d=|e=true`,
		`a="say \"hi\" \\ \n" b=2`: `kv a=say "hi" \ \n|b=2`,
		"a=b=c\tx=1":               `kv a=b=c|x=1`,
		`=junk a=1 =`:              `kv a=1`,
		`a="never closed b=1`:      `kv a=never closed b=1`,
		`ü=日本 q="日本 \"x\""`:        `kv ü=日本|q=日本 "x"`,
		`a=1 a=2`:                  `kv a=1|a=2`,
		`a="b"c d`:                 `kv a=b|c=true|d=true`,
		`   `:                      `kv `,
		`a="x\`:                    `kv a=x\`,
	} {
		ev := rtlib.NewEvent()
		plan.Logfmt(ev, []byte(line))
		if got := shown(ev); got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
}

func TestCEFLines(t *testing.T) {
	t.Parallel()
	plan := NewPlan(nil, true)
	for line, want := range map[string]string{
		`CEF:0|V|P|1.0|100|login \| x|7|src=192.0.2.1 msg=two  words spt=1`: `kv cef_version=0|deviceVendor=V|deviceProduct=P|deviceVersion=1.0|signatureId=100|name=login | x|severity=7|src=192.0.2.1|msg=two  words|spt=1`,
		`<99>Sep  8 gw CEF:1|A\\c|P|1|s|n|s|x=1 c=l\nm\r\\\q`:               "kv cef_version=1|deviceVendor=A\\c|deviceProduct=P|deviceVersion=1|signatureId=s|name=n|severity=s|x=1|c=l\nm\r\\\\q",
		`CEF:0|V|P|1|s|n|5|`:                         `kv cef_version=0|deviceVendor=V|deviceProduct=P|deviceVersion=1|signatureId=s|name=n|severity=5`,
		`CEF:0|V|P|1|s|n|5|a=x\=y\\z\nw\q name=late`: "kv cef_version=0|deviceVendor=V|deviceProduct=P|deviceVersion=1|signatureId=s|name=n|severity=5|a=x=y\\z\nw\\q|name=late",
		`CEF:0|V|P|1|s|n`:                            ErrCEFHeader.Error(),
		`CEF:x|V|P|1|s|n|5|`:                         ErrCEFVersion.Error(),
		`LEEF:1.0|V|P`:                               ErrNotCEF.Error(),
	} {
		ev := rtlib.NewEvent()
		got := ""
		if err := plan.CEF(ev, []byte(line)); err != nil {
			got = err.Error()
		} else {
			got = shown(ev)
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
}

func TestTheFormatOfALineShowsInItsFirstCharacter(t *testing.T) {
	t.Parallel()
	plan := NewPlan(nil, true)
	for line, want := range map[string]string{
		` {"a":1}`:   `json  {"a":1}`,
		`[1,2]`:      `json [1,2]`,
		`{"a":`:      `plain {"a":`,
		`<34>x`:      `kv facility=LOG_AUTH|severity=SEV_CRIT|_raw=x`,
		`<not-pri>x`: `plain <not-pri>x`,
		`a=1 b=2`:    `plain a=1 b=2`,
		`CEF:0|a`:    `plain CEF:0|a`,
	} {
		ev := rtlib.NewEvent()
		plan.Auto(ev, []byte(line), testOptions)
		if got := shown(ev); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

func TestFieldsAndKeywordsOfKeyValueEvents(t *testing.T) {
	t.Parallel()
	var ids []rtlib.FieldID
	for _, name := range []rtlib.Field{"a", "x.y", "Z", rtlib.Indexed + "q[0]"} {
		ids = append(ids, name.ID())
	}
	for _, all := range []bool{false, true} {
		ev := rtlib.NewEvent()
		NewPlan(ids, all).Logfmt(ev, []byte(`a=ONE a=two x.y="d\"D" z=3 q=4 q[0]=five`))
		want := []string{"ONE/one", `d"D/d"d`, "/", "five/five"}
		for i, id := range ids {
			v := ev.Value(id)
			if got := v.Text + "/" + v.Fold; got != want[i] {
				t.Errorf("all strings %v: %s = %s, want %s", all, id.Field().Name(), got, want[i])
			}
		}
		if got := string(ev.Arena); all && got != "one\xfftwo\xffd\"d\xff3\xff4\xfffive\xff" || ev.FoldedStrings != all {
			t.Errorf("arena %q, folded %v", got, ev.FoldedStrings)
		}
	}
}

func TestKeyValueLinesAllocateNothingOnceWarm(t *testing.T) {
	plan := NewPlan([]rtlib.FieldID{rtlib.Field("msg").ID()}, true)
	ev := rtlib.NewEvent()
	logfmt := []byte(`ts=2026-03-20T15:40:37Z level=debug msg="a \"B\" c" n=1`)
	cef := []byte(`CEF:0|V|P|1.0|100|login \| x|7|src=192.0.2.1 msg=two\=words spt=1`)
	for range 3 {
		plan.Logfmt(ev, logfmt)
		plan.CEF(ev, cef)
	}
	if n := testing.AllocsPerRun(100, func() { plan.Logfmt(ev, logfmt) }); n > 0 {
		t.Errorf("logfmt: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { plan.CEF(ev, cef) }); n > 0 {
		t.Errorf("CEF: %v allocations", n)
	}
}

// FuzzFormats demands of every format that it takes any line, that its strings are in the arena, and that it can be asked again.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"<34>1 - h a p m [x y=\"z\\\"] never", "<34>Feb 29 25:00:00 h t: {\"a\":1}", "CEF:0|a|b|c|d|e|f|k=v w=x", "a=\"b c\\", "{\"a\":[1]}"} {
		f.Add(s)
	}
	plan := NewPlan([]rtlib.FieldID{rtlib.Field("timestamp").ID(), rtlib.Field("a").ID()}, true)
	f.Fuzz(func(t *testing.T, line string) {
		ev := rtlib.NewEvent()
		for name, read := range map[string]func(){
			"syslog": func() { plan.Syslog(ev, []byte(line), testOptions) },
			"auto":   func() { plan.Auto(ev, []byte(line), testOptions) },
			"logfmt": func() { plan.Logfmt(ev, []byte(line)) },
			"cef":    func() { plan.CEF(ev, []byte(line)) },
		} {
			read()
			first := fmt.Sprint(shown(ev))
			read()
			if again := shown(ev); again != first {
				t.Fatalf("%s: %q, then %q", name, first, again)
			}
			if ev.Shape() == rtlib.ShapeKV && strings.Count(string(ev.Arena), "\xff") < len(ev.Pairs()) {
				t.Fatalf("%s: %d pairs, arena %q", name, len(ev.Pairs()), ev.Arena)
			}
		}
	})
}
