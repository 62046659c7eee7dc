package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

func TestBuiltinPipelinesHaveTheirPriorityAndNamedItems(t *testing.T) {
	t.Parallel()
	want := map[string]struct{ priority, items int }{
		"ecs_windows":       {20, 50 + 26 + 2 + 3},
		"sysmon":            {10, 2 * 28},
		"windows_evtx_json": {20, 1 + 33 + 50 + 3 + 4 + 1},
	}
	names := BuiltinNames()
	if !slices.IsSorted(names) || len(names) != len(want) {
		t.Errorf("names %q", names)
	}
	for _, name := range names {
		p, ok := Builtin(name)
		if !ok || p.Name != name || p.Priority != want[name].priority || len(p.Items) != want[name].items {
			t.Errorf("%s: priority %d, %d items", p.Name, p.Priority, len(p.Items))
		}
		ids := map[string]bool{}
		for _, item := range p.Items {
			if item.ID == "" || ids[item.ID] {
				t.Errorf("%s: %s has no id of its own", name, item.Label)
			}
			ids[item.ID] = true
		}
	}
	if _, ok := Builtin("ghost"); ok {
		t.Error("there is a built-in pipeline called ghost")
	}
}

// builtinCase is a detection under a log source, and what a built-in pipeline makes of it, without its condition.
type builtinCase struct{ name, pipelines, logsource, detection, want string }

var builtinCases = []builtinCase{
	{"other products are left alone", "sysmon ecs_windows windows_evtx_json", "{product: linux, category: process_creation}", "{Image: x}", "s: Image: 'x'"},
	{"a category gets its event id", "sysmon", "{product: windows, category: process_creation}", "{Image: x}", "s: Image: 'x'\n_cond_1: EventID: 1"},
	{"a category may have several", "sysmon", "{product: windows, category: wmi_event}", "{A: x}", "s: A: 'x'\n_cond_1: EventID: 19 | 20 | 21"},
	{"a service is left alone", "sysmon", "{product: windows, service: security}", "{EventID: 4624}", "s: EventID: 4624"},

	{"ecs: general, special and other names", "ecs_windows", "{product: windows, category: process_creation}", "{Image: a, CommandLine: b, Hashes: c, user.id: d}",
		"s: process.executable: 'a' and process.command_line: 'b' and winlog.event_data.Hashes: 'c' and user.id: 'd'"},
	{"ecs: names depend on the category", "ecs_windows", "{product: windows, category: image_load}", "{CommandLine: b, Description: c, Signature: d}",
		"s: winlog.event_data.CommandLine: 'b' and file.pe.description: 'c' and file.code_signature.subject_name: 'd'"},
	{"ecs: a service gets its channel", "ecs_windows", "{product: windows, service: dns-client}", "{EventID: 1}",
		"s: event.code: 1\n_cond_1: winlog.channel: 'Microsoft-Windows-DNS-Client/Operational' | 'Microsoft-Windows-DNS Client Events/Operational'"},
	{"ecs: sysmon events get the channel of sysmon", "ecs_windows sysmon", "{product: windows, category: dns_query}", "{QueryName: x}",
		"s: dns.question.name: 'x'\n_cond_1: event.code: 22\n_cond_2: winlog.channel: 'Microsoft-Windows-Sysmon/Operational'"},
	{"ecs: directions as text", "ecs_windows", "{product: windows, category: network_connection}", "{Initiated: 'true'}", "s: network.direction: 'egress' | 'outbound'"},
	{"ecs: directions as boolean", "ecs_windows", "{product: windows, category: network_connection}", "{Initiated: false}", "s: network.direction: 'ingress' | 'inbound'"},

	{"evtx: a category", "windows_evtx_json", "{product: windows, category: registry_delete}", "{TargetObject: x}",
		"s: Event.EventData.TargetObject: 'x'\n_cond_1: Event.System.Channel: 'Microsoft-Windows-Sysmon/Operational' and " +
			"(Event.System.EventID: 12 or Event.System.EventID.#text: 12) and Event.EventData.EventType: 'DeleteKey' | 'DeleteValue'"},
	{"evtx: deleted files", "windows_evtx_json", "{product: windows, category: file_delete}", "{Image: x}",
		"s: Event.EventData.Image: 'x'\n_cond_1: Event.System.Channel: 'Microsoft-Windows-Sysmon/Operational' and " +
			"(Event.System.EventID: 23 | 26 or Event.System.EventID.#text: 23 | 26)"},
	{"evtx: a service", "windows_evtx_json", "{product: windows, service: system}", "{Provider_Name: x, Level: 2}",
		"s: (Event.System.Provider.#attributes.Name: 'x' or Event.System.Provider_attributes.Name: 'x') and Event.System.Level: 2\n_cond_1: Event.System.Channel: 'System'"},
	{"evtx: the old name of a service", "windows_evtx_json", "{product: windows, service: ldap_debug}", "{A: x}",
		"s: Event.EventData.A: 'x'\n_cond_1: Event.System.Channel: 'Microsoft-Windows-LDAP-Client/Debug'"},
	{"evtx: cleared logs name another channel", "windows_evtx_json", "{product: windows, service: system}", "{EventID: 104, Channel: Security}",
		"s: (Event.System.EventID: 104 or Event.System.EventID.#text: 104) and Event.UserData.LogFileCleared.Channel: 'Security'\n_cond_1: Event.System.Channel: 'System'"},
	{"evtx: unnamed data", "windows_evtx_json", "{product: windows}", "{Data|contains: x}", "s: (Event.EventData.Data: '*x*' or Event.EventData.Data.#text: '*x*')"},
	{"evtx: names with blanks", "windows_evtx_json", "{product: windows, service: windefend}", "{ThreatName: x, Path: y}",
		"s: (Event.EventData.Threat Name: 'x' or Event.EventData.ThreatName: 'x') and Event.EventData.Path: 'y'\n_cond_1: Event.System.Channel: 'Microsoft-Windows-Windows Defender/Operational'"},
	{"evtx: wrappers", "windows_evtx_json", "{product: windows, service: smbserver-connectivity}", "{ShareName: null}",
		"s: (Event.UserData.EventData.ShareName: null and Event.EventData.ShareName: null)\n_cond_1: Event.System.Channel: 'Microsoft-Windows-SMBServer/Connectivity'"},
	{"evtx: sources without a channel", "windows_evtx_json", "{product: windows, category: file_access}", "{FileName: x}", "s: Event.EventData.FileName: 'x'"},
}

func TestBuiltinPipelines(t *testing.T) {
	t.Parallel()
	for _, tt := range builtinCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			set := loadRules("title: T\nlogsource: "+tt.logsource+"\ndetection:\n  s: "+tt.detection+"\n  condition: s\n", &log)
			r := Merge(Resolve(nil, strings.Fields(tt.pipelines), &log)).Apply(set.Docs, Links{}, Options{}, &log)
			if log.Len() > 0 {
				t.Fatal(log.All())
			}
			got, _, _ := strings.Cut(dumpRule(r.Docs[0].Rule), "\n= ")
			if got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
