package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var unusedDetection = Check{Code: "unused-detection", Severity: Warning, Doc: "A search identifier is reached by no condition, so it has no effect.",
	one: func(p *pass, s *subject) {
		dets, conds := s.detections()
		if slices.ContainsFunc(conds, func(c sigma.Condition) bool { return c.Tree == nil }) {
			return
		}
		used := s.used()
		for _, d := range dets {
			if !used[d.Name] {
				p.report(d.Pos, nil, "", "no condition reaches %q", d.Name)
			}
		}
	}}

// body returns the YAML of a search identifier.
func (s *subject) body(name string) *yamldoc.Node {
	for _, key := range []string{"detection", "filter"} {
		if n := s.root.Get(key).Get(name); n != nil {
			return n
		}
	}
	return nil
}

var duplicateDetection = Check{Code: "duplicate-detection", Severity: Warning, Doc: "Two search identifiers of a rule are the same.",
	one: func(p *pass, s *subject) {
		dets, _ := s.detections()
		first := map[string]string{}
		for _, d := range dets {
			n := s.body(d.Name)
			if n == nil {
				continue
			}
			text := yamldoc.JSON(n)
			if before, ok := first[text]; ok {
				p.report(d.Pos, nil, "", "%q is the same as %q", d.Name, before)
				continue
			}
			first[text] = d.Name
		}
	}}

var duplicateLogic = Check{Code: "duplicate-logic", Severity: Warning, Doc: "Two rules have the same logsource and detection.",
	all: func(p *pass, set []*subject) {
		first := map[string]*subject{}
		for _, s := range set {
			n := s.root.Get("detection")
			if n == nil || s.Rule == nil {
				continue
			}
			l := s.header.LogSource
			k := strings.ToLower(strings.Join([]string{l.Product, l.Category, l.Service, yamldoc.JSON(n)}, "\x00"))
			if before := first[k]; before != nil {
				p.report(s.pair("detection").KeyPos, nil, "", "the detection is that of %s too", before.pair("detection").KeyPos)
				continue
			}
			first[k] = s
		}
	}}

var mixedKeywords = Check{Code: "mixed-keywords", Severity: Warning, Doc: "A list holds both keywords and mappings of fields; the keywords search the whole event.",
	one: func(p *pass, s *subject) {
		dets, _ := s.detections()
		for _, d := range dets {
			n := s.body(d.Name)
			if n == nil || n.Kind != yamldoc.KindSequence {
				continue
			}
			isMap := func(n *yamldoc.Node) bool { return n.Kind == yamldoc.KindMapping }
			if i := slices.IndexFunc(n.Items, (*yamldoc.Node).IsScalar); i >= 0 && slices.ContainsFunc(n.Items, isMap) {
				p.report(n.Items[i].Pos, nil, "put keywords into a search identifier of their own", "keywords and fields in one list")
			}
		}
	}}

var detectionName = regexp.MustCompile(`^_?[a-z0-9]+(_[a-z0-9]+)*$`)

var detectionNames = Check{Code: "detection-name", Severity: Info, Optional: true, Doc: "The name of a search identifier is not made of small letters, digits and underscores.",
	one: func(p *pass, s *subject) {
		dets, _ := s.detections()
		for _, d := range dets {
			if !detectionName.MatchString(d.Name) {
				p.report(d.Pos, nil, "", "search identifier %q", d.Name)
			}
		}
	}}

var unreachableName = Check{Code: "unreachable-name", Severity: Warning, Doc: "The name of a search identifier has characters that conditions cannot spell; only \"them\" reaches it.",
	one: func(p *pass, s *subject) {
		dets, _ := s.detections()
		for _, d := range dets {
			if strings.ContainsFunc(d.Name, func(r rune) bool {
				return r != '_' && r != '-' && !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
			}) {
				p.report(d.Pos, nil, "", "no condition can name %q", d.Name)
			}
		}
	}}
