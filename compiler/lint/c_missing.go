package lint

import "github.com/rsigma-go/rsigma/compiler/sigma"

// missing makes the check that an attribute is there.
func missing(key string, severity Severity, filters bool, doc string) Check {
	return Check{Code: "missing-" + codeOf(key), Severity: severity, Doc: doc,
		one: func(p *pass, s *subject) {
			if s.root.Get(key) == nil && (filters || s.Kind != sigma.KindFilter) {
				p.report(s.Pos, nil, "", "missing %s", key)
			}
		}}
}

var (
	missingStatus         = missing("status", Warning, false, "A rule has no status, so nobody knows whether it has been tried.")
	missingLevel          = missing("level", Warning, false, "A rule has no level, so its alerts cannot be ranked.")
	missingDescription    = missing("description", Warning, true, "A document has no description.")
	missingAuthor         = missing("author", Info, true, "A document has no author.")
	missingDate           = missing("date", Info, true, "A document has no date.")
	missingReferences     = missing("references", Info, false, "A rule has no references that would say where its idea comes from.")
	missingTags           = missing("tags", Info, false, "A rule has no tags, so coverage cannot be counted.")
	missingFalsePositives = missing("falsepositives", Info, false, "A rule does not say what harmless events it may match.")
)
