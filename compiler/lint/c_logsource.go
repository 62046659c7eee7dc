package lint

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// What log sources are called in public rules.
var (
	products = strings.Fields("windows linux macos azure aws gcp m365 okta github bitbucket gitlab kubernetes zeek cisco opencanary rpc_firewall fortigate fortios " +
		"paloalto juniper huawei jvm spring django python ruby_on_rails nodejs velocity sql onelogin google_workspace apache nginx modsecurity " +
		"qualys netflow sonicwall checkpoint f5 vmware esxi suricata snort cloudflare salesforce docker identity opnsense pfsense")
	categories = strings.Fields("process_creation process_access process_termination process_tampering file_event file_access file_change file_delete file_rename " +
		"file_block_executable file_block_shredding file_executable_detected registry_event registry_set registry_add registry_delete registry_rename " +
		"image_load driver_load network_connection dns_query dns pipe_created create_remote_thread create_stream_hash raw_access_thread wmi_event " +
		"ps_script ps_module ps_classic_start ps_classic_provider_start ps_classic_script clipboard_capture clipboard_change sysmon_status sysmon_error " +
		"antivirus application appliance authentication accounting database firewall proxy webserver flow bridge ids edr email")
)

var emptyLogsource = Check{Code: "empty-logsource", Severity: Warning, Doc: "A logsource has none of category, product and service, so the rule applies to everything.",
	one: func(p *pass, s *subject) {
		n, l := s.root.Get("logsource"), s.header.LogSource
		if n != nil && n.Kind == yamldoc.KindMapping && s.Kind == sigma.KindRule && l.Category == "" && l.Product == "" && l.Service == "" && len(l.Custom) == 0 {
			p.report(s.pair("logsource").KeyPos, nil, "", "logsource without category, product and service")
		}
	}}

var logsourceCase = Check{Code: "logsource-case", Severity: Warning, Fixable: true, Doc: "A value of logsource has capital letters or blanks; pipelines compare it letter by letter.",
	one: func(p *pass, s *subject) {
		eachDimension(s, func(key string, n *yamldoc.Node) {
			if to := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(n.Text)), " ", "_"); to != n.Text {
				p.report(n.Pos, s.file.rewrite(n, to), "", "%s %q with capital letters or blanks", key, n.Text)
			}
		})
	}}

// eachDimension calls f for category, product and service.
func eachDimension(s *subject, f func(key string, n *yamldoc.Node)) {
	n := s.root.Get("logsource")
	if n == nil {
		return
	}
	for _, pair := range n.Pairs {
		if slices.Contains([]string{"category", "product", "service"}, pair.Key) && pair.Value.Kind == yamldoc.KindString && strings.TrimSpace(pair.Value.Text) != "" {
			f(pair.Key, pair.Value)
		}
	}
}

var unknownLogsource = Check{Code: "unknown-logsource", Severity: Info, Doc: "A category or product is none that public rules use. Check that a pipeline or your logs know it.",
	one: func(p *pass, s *subject) {
		eachDimension(s, func(key string, n *yamldoc.Node) {
			list := map[string][]string{"category": categories, "product": products}[key]
			if list != nil && !slices.Contains(list, strings.ToLower(n.Text)) {
				p.report(n.Pos, nil, diag.Suggest(n.Text, list), "%s %q is not a common one", key, n.Text)
			}
		})
	}}

var logsourceKey = Check{Code: "unknown-logsource-key", Severity: Warning, Doc: "A key of logsource is none of category, product, service and definition.",
	one: func(p *pass, s *subject) {
		n := s.root.Get("logsource")
		if n == nil {
			return
		}
		keys := []string{"category", "product", "service", "definition"}
		for _, pair := range n.Pairs {
			if !slices.Contains(keys, pair.Key) {
				p.report(pair.KeyPos, nil, diag.Suggest(pair.Key, keys), "unknown key %q of logsource", pair.Key)
			}
		}
	}}

// sysmonCategories are the categories that stand for an event number of Sysmon.
var sysmonCategories = map[string]string{"1": "process_creation", "2": "file_change", "3": "network_connection", "5": "process_termination", "6": "driver_load", "7": "image_load",
	"8": "create_remote_thread", "9": "raw_access_thread", "10": "process_access", "11": "file_event", "15": "create_stream_hash", "17": "pipe_created", "18": "pipe_created",
	"22": "dns_query", "23": "file_delete", "25": "process_tampering", "26": "file_delete"}

var genericCategory = Check{Code: "specific-logsource", Severity: Info, Doc: "A rule asks Sysmon for an event number that has a category of its own; with the category it works for other sources too.",
	one: func(p *pass, s *subject) {
		if s.Rule == nil || s.header.LogSource.Service != "sysmon" {
			return
		}
		s.items(func(it *sigma.Item) {
			if it.Field.Name == "EventID" && len(it.Raw) == 1 && sysmonCategories[it.Raw[0].Text] != "" {
				p.reportItem(it, nil, "", "use category: %s instead of service: sysmon with EventID %s", sysmonCategories[it.Raw[0].Text], it.Raw[0].Text)
			}
		})
	}}

var eventIDInCategory = Check{Code: "event-id-in-category", Severity: Info, Doc: "A rule for a category that stands for certain event numbers asks for EventID too, so it works for one source only.",
	one: func(p *pass, s *subject) {
		if s.Rule == nil || s.header.LogSource.Product != "windows" || s.header.LogSource.Service != "" {
			return
		}
		known := false
		for _, c := range sysmonCategories {
			known = known || c == s.header.LogSource.Category
		}
		if !known {
			return
		}
		s.items(func(it *sigma.Item) {
			if it.Field.Name == "EventID" {
				p.reportItem(it, nil, "", "the category %s implies the EventID", s.header.LogSource.Category)
			}
		})
	}}
