package lint

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// tagForms are the namespaces of the specification and what follows them.
var tagForms = map[string]*regexp.Regexp{
	"attack":    regexp.MustCompile(`^(t\d{4}(\.\d{3})?|[gsmc]\d{4}|ds\d{4}|[a-z]+([-_][a-z]+)*)$`),
	"atlas":     regexp.MustCompile(`^(aml\.)?(t[a-z]?\d{4}(\.\d{3})?|[a-z-]+)$`),
	"car":       regexp.MustCompile(`^\d{4}-\d{2}-\d{3}$`),
	"cve":       regexp.MustCompile(`^\d{4}-\d{4,}$`),
	"d3fend":    regexp.MustCompile(`^(d3-[a-z]+|d3f[-.][a-z-]+|[a-z-]+)$`),
	"detection": regexp.MustCompile(`^(dfir|emerging-threats|threat-hunting)$`),
	"stp":       regexp.MustCompile(`^[1-5][auk]?$`),
	"tlp":       regexp.MustCompile(`^(red|amber(-strict)?|green|clear|white)$`),
}

// tactics of ATT&CK, those of older versions included.
var tactics = strings.Fields("reconnaissance resource-development initial-access execution persistence privilege-escalation stealth " +
	"defense-impairment defense-evasion credential-access discovery lateral-movement collection command-and-control exfiltration impact " +
	"evasion inhibit-response-function impair-process-control network-effects remote-service-effects")

var tagCase = Check{Code: "tag-case", Severity: Warning, Fixable: true, replaces: diag.CodeInvalidTag, Doc: "A tag has capital letters; tags are compared letter by letter.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("tags") {
			if lower := strings.ToLower(n.Text); lower != n.Text && strings.Contains(lower, ".") && !strings.ContainsAny(lower, " \t") {
				p.report(n.Pos, s.file.rewrite(n, lower), "", "tag %q with capital letters", n.Text)
			}
		}
	}}

var duplicateTag = Check{Code: "duplicate-tag", Severity: Warning, Fixable: true, Doc: "A tag is given twice.",
	one: func(p *pass, s *subject) { duplicates(p, s, s.texts("tags"), "the tag") }}

var unknownTagNamespace = Check{Code: "unknown-tag-namespace", Severity: Info, Doc: "The namespace of a tag is none of the specification: attack, atlas, car, cve, d3fend, detection, stp, tlp.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("tags") {
			space, _, ok := strings.Cut(strings.ToLower(n.Text), ".")
			if _, known := tagForms[space]; ok && !known {
				p.report(n.Pos, nil, diag.Suggest(space, []string{"attack", "atlas", "car", "cve", "d3fend", "detection", "stp", "tlp"}), "tag of an unknown namespace: %q", n.Text)
			}
		}
	}}

var malformedTag = Check{Code: "malformed-tag", Severity: Warning, Doc: "A tag of a namespace of the specification does not have the form that is fixed for it, or names a tactic of ATT&CK that does not exist.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("tags") {
			space, name, _ := strings.Cut(strings.ToLower(n.Text), ".")
			form := tagForms[space]
			switch {
			case form != nil && !form.MatchString(name):
				p.report(n.Pos, nil, "", "tag %q does not have the form of the namespace %s", n.Text, space)
			case space == "attack" && !strings.ContainsAny(name, "0123456789") && !contains(strings.ReplaceAll(name, "_", "-"), tactics):
				p.report(n.Pos, nil, diag.Suggest(name, tactics), "tag %q names no tactic of ATT&CK", n.Text)
			}
		}
	}}

func contains(word string, list []string) bool {
	for _, k := range list {
		if k == word {
			return true
		}
	}
	return false
}

var tacticSpelling = Check{Code: "tactic-spelling", Severity: Info, Fixable: true, Doc: "A tactic of ATT&CK is written with underscores, as it was before version 2 of the specification.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("tags") {
			name, ok := strings.CutPrefix(n.Text, "attack.")
			if to := strings.ReplaceAll(name, "_", "-"); ok && to != name && contains(to, tactics) {
				p.report(n.Pos, s.file.rewrite(n, "attack."+to), "", "tactic with underscores; write attack.%s", to)
			}
		}
	}}

// subTechnique matches a technique with its part.
var subTechnique = regexp.MustCompile(`^attack\.t\d{4}`)

var techniqueWithoutTactic = Check{Code: "technique-without-tactic", Severity: Info, Optional: true, Doc: "A rule has techniques of ATT&CK among its tags, but no tactic.",
	one: func(p *pass, s *subject) {
		technique, tactic := false, false
		for _, n := range s.texts("tags") {
			technique = technique || subTechnique.MatchString(n.Text)
			name, ok := strings.CutPrefix(n.Text, "attack.")
			tactic = tactic || ok && contains(strings.ReplaceAll(name, "_", "-"), tactics)
		}
		if technique && !tactic {
			p.report(s.pair("tags").KeyPos, nil, "", "techniques without a tactic")
		}
	}}
