package lint

import (
	"regexp"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// duplicates reports the texts of a list that stand in it twice, with the edit that removes the second.
func duplicates(p *pass, s *subject, list []*yamldoc.Node, what string) {
	seen := map[string]bool{}
	for _, n := range list {
		k := strings.ToLower(n.Text)
		if seen[k] {
			p.report(n.Pos, s.file.removeItem(n), "", "%s %q stands there twice", what, n.Text)
		}
		seen[k] = true
	}
}

var duplicateReference = Check{Code: "duplicate-reference", Severity: Warning, Fixable: true, Doc: "A reference is given twice.",
	one: func(p *pass, s *subject) { duplicates(p, s, s.texts("references"), "the reference") }}

// movingLink matches links to a branch of a repository.
var movingLink = regexp.MustCompile(`^https?://(raw\.githubusercontent\.com/[^/]+/[^/]+|(github|gitlab)\.com/[^/]+/[^/]+(/-)?/(blob|tree|raw))/(refs/heads/)?(main|master|develop|dev|trunk)/`)

var branchReference = Check{Code: "branch-reference", Severity: Info, Doc: "A reference leads to a branch of a repository, where the text may change or go; a link to a commit stays.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("references") {
			if movingLink.MatchString(n.Text) {
				p.report(n.Pos, nil, "use the permanent link to a commit", "the reference leads to a branch")
			}
		}
	}}

var attackReference = Check{Code: "attack-reference", Severity: Info, Optional: true, Doc: "A reference leads to a technique of MITRE ATT&CK; a tag says that.",
	one: func(p *pass, s *subject) {
		for _, n := range s.texts("references") {
			if _, rest, ok := strings.Cut(n.Text, "attack.mitre.org/techniques/"); ok {
				p.report(n.Pos, nil, "write the tag attack."+strings.ToLower(strings.ReplaceAll(strings.Trim(rest, "/"), "/", ".")), "the reference is a technique of ATT&CK")
			}
		}
	}}
