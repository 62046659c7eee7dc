package lint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// emptyWords say nothing about harmless events.
var emptyWords = map[string]bool{"none": true, "pentest": true, "penetration test": true, "penetration testing": true, "pentesting": true, "red team": true, "n/a": true, "na": true, "tbd": true, "todo": true}

var falsePositiveWord = Check{Code: "falsepositive-word", Severity: Warning,
	Doc: "An entry of falsepositives is \"None\", \"Pentest\" or the like. \"Unlikely\" and \"Unknown\" are the words for rules without known ones, and a test is what a rule is meant to find.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("falsepositives") {
			if emptyWords[strings.ToLower(strings.Trim(n.Text, " ."))] {
				p.report(n.Pos, nil, "write Unlikely or Unknown, or describe the harmless events", "false positive %q says nothing", n.Text)
			}
		}
	}}

// typos are common slips in one-word entries.
var typos = map[string]string{"unkown": "Unknown", "unknow": "Unknown", "uknown": "Unknown", "unknwon": "Unknown", "unkonwn": "Unknown", "unlikly": "Unlikely", "unlikley": "Unlikely", "unlikey": "Unlikely", "unlikelly": "Unlikely"}

var falsePositiveTypo = Check{Code: "falsepositive-typo", Severity: Warning, Fixable: true, Doc: "\"Unknown\" or \"Unlikely\" is misspelled in falsepositives.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("falsepositives") {
			if to := typos[strings.ToLower(strings.Trim(n.Text, " ."))]; to != "" {
				p.report(n.Pos, s.file.rewrite(n, to), "did you mean \""+to+"\"?", "false positive %q is misspelled", n.Text)
			}
		}
	}}

var falsePositiveCapital = Check{Code: "falsepositive-capital", Severity: Info, Fixable: true, Doc: "An entry of falsepositives begins with a small letter.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("falsepositives") {
			first, size := utf8.DecodeRuneInString(n.Text)
			word, _, _ := strings.Cut(n.Text, " ")
			if unicode.IsLower(first) && isLowerWord(word) && typos[strings.ToLower(n.Text)] == "" {
				p.report(n.Pos, s.file.rewrite(n, string(unicode.ToUpper(first))+n.Text[size:]), "", "false positive begins with a small letter")
			}
		}
	}}
