package lint

import (
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// codeOf spells a key as part of a code.
func codeOf(key string) diag.Code { return diag.Code(strings.ReplaceAll(key, "_", "-")) }

// standardKeys are the top-level keys that mean something.
var standardKeys = strings.Fields("title id name related status description license references author date modified tags logsource detection " +
	"correlation filter falsepositives level fields scope taxonomy sigma-version custom_attributes generate action")

// otherKeys are top-level keys that other tools around Sigma rules use.
var otherKeys = strings.Fields("regression_tests_path simulation tests enrichment ruletype aliases")

// oldKeys are spellings that mean a standard key.
var oldKeys = map[string]string{
	"reference": "references", "ref": "references", "refs": "references", "falsepositive": "falsepositives", "false_positives": "falsepositives",
	"false-positives": "falsepositives", "tag": "tags", "severity": "level", "log_source": "logsource", "log-source": "logsource",
	"authors": "author", "detections": "detection", "titel": "title", "desc": "description", "modified_date": "modified",
}

var misspelledKey = Check{Code: "misspelled-key", Severity: Warning, Fixable: true,
	Doc: "A top-level key is not a standard one but looks like one. It is kept as a custom attribute and does not do what it seems to.",
	one: func(p *pass, s *subject) {
		for _, pair := range s.root.Pairs {
			if to := meantKey(pair.Key); to != "" {
				var edits []Edit
				if s.root.Get(to) == nil {
					edits = s.file.rekey(pair.KeyPos, pair.Key, to)
				}
				p.report(pair.KeyPos, edits, "did you mean \""+to+"\"?", "the key %q has no meaning", pair.Key)
			}
		}
	}}

// meantKey returns the standard key that key probably means, or "".
func meantKey(key string) string {
	if isKnownKey(key) {
		return ""
	}
	if to := oldKeys[strings.ToLower(key)]; to != "" {
		return to
	}
	hint := diag.Suggest(key, standardKeys)
	hint = strings.TrimSuffix(strings.TrimPrefix(hint, `did you mean "`), `"?`)
	if len(key) < 5 && !strings.EqualFold(key, hint) {
		return "" // short words are close to anything
	}
	return hint
}

func isKnownKey(key string) bool {
	for _, list := range [][]string{standardKeys, otherKeys} {
		for _, k := range list {
			if k == key {
				return true
			}
		}
	}
	return strings.HasPrefix(key, "rsigma.") || strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "x_")
}

var unknownKey = Check{Code: "unknown-key", Severity: Info,
	Doc: "A top-level key is not part of the Sigma specification. It shows in results as a custom attribute; custom_attributes is the place for those.",
	one: func(p *pass, s *subject) {
		for _, pair := range s.root.Pairs {
			if !isKnownKey(pair.Key) && meantKey(pair.Key) == "" {
				p.report(pair.KeyPos, nil, "put it under custom_attributes", "the key %q is not part of the specification", pair.Key)
			}
		}
	}}

var emptyAttribute = Check{Code: "empty-attribute", Severity: Warning, Doc: "An attribute is there but holds nothing.",
	one: func(p *pass, s *subject) {
		for _, pair := range s.root.Pairs {
			v := pair.Value
			if v.Kind == yamldoc.KindNull || v.Kind == yamldoc.KindString && strings.TrimSpace(v.Text) == "" || !v.IsScalar() && len(v.Items)+len(v.Pairs) == 0 {
				p.report(pair.KeyPos, nil, "leave it out, or fill it", "%s is empty", pair.Key)
			}
		}
	}}

// listKeys are the attributes that are lists.
var listKeys = []string{"references", "tags", "falsepositives", "fields"}

var notAList = Check{Code: "not-a-list", Severity: Warning, Fixable: true, Doc: "An attribute that is a list of texts holds a single text; other programs refuse that.",
	one: func(p *pass, s *subject) {
		for _, key := range listKeys {
			n := s.text(key)
			if n == nil || strings.TrimSpace(n.Text) == "" {
				continue
			}
			var edits []Edit
			if at, ok := s.file.scalar(n.Pos, n.Text); ok && n.Pos.Line == s.pair(key).KeyPos.Line && s.pair(key).KeyPos.Col == 1 && !n.Block {
				start := at.start
				for start > 0 && s.file.data[start-1] == ' ' {
					start--
				}
				edits = []Edit{{s.file.name, start, at.end, "\n    - " + string(s.file.data[at.start:at.end])}}
			}
			p.report(n.Pos, edits, "", "%s is a single text, not a list", key)
		}
	}}

var shortDescription = Check{Code: "short-description", Severity: Info, Doc: "A description has fewer than 16 characters; it cannot say what the rule is for.",
	one: func(p *pass, s *subject) {
		if n := s.text("description"); n != nil && n.Text != "" && utf8.RuneCountInString(strings.TrimSpace(n.Text)) < 16 {
			p.report(n.Pos, nil, "", "description of fewer than 16 characters")
		}
	}}

var descriptionIsTitle = Check{Code: "description-is-title", Severity: Info, Doc: "A description repeats the title.",
	one: func(p *pass, s *subject) {
		norm := func(n *yamldoc.Node) string { return strings.ToLower(strings.Trim(n.Text, " .\n")) }
		if d, t := s.text("description"), s.text("title"); d != nil && t != nil && norm(d) == norm(t) {
			p.report(d.Pos, nil, "say what the rule looks for and why that matters", "the description repeats the title")
		}
	}}

var descriptionStart = Check{Code: "description-start", Severity: Info, Optional: true, Doc: "A description does not begin with \"Detects\", as a convention of SigmaHQ has it.",
	one: func(p *pass, s *subject) {
		if n := s.text("description"); n != nil && n.Text != "" && !strings.HasPrefix(n.Text, "Detect") {
			p.report(n.Pos, nil, "", "the description does not begin with \"Detects\"")
		}
	}}

var descriptionLink = Check{Code: "description-link", Severity: Info, Doc: "A description holds a link in a rule without references.",
	one: func(p *pass, s *subject) {
		n := s.text("description")
		if n != nil && s.root.Get("references") == nil && (strings.Contains(n.Text, "http://") || strings.Contains(n.Text, "https://")) {
			p.report(n.Pos, nil, "move it to references", "link in the description")
		}
	}}
