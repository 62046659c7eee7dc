package lint

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var missingID = Check{Code: "missing-id", Severity: Warning, Fixable: true, Doc: "A document has no id. Without one nothing can refer to it once its title changes. The fix makes a random one.",
	one: func(p *pass, s *subject) {
		if s.root.Get("id") != nil {
			return
		}
		var edits []Edit
		if title := s.text("title"); title != nil {
			edits = s.file.insertAfter(title, "id: "+newUUID())
		}
		p.report(s.Pos, edits, "", "missing id")
	}}

// newUUID returns a random UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

var idCase = Check{Code: "id-case", Severity: Warning, Fixable: true, Doc: "An id has capital letters; UUIDs are written in small ones, and other programs compare them letter by letter.",
	one: func(p *pass, s *subject) {
		if n := s.text("id"); n != nil && sigma.IsUUID(n.Text) && n.Text != strings.ToLower(n.Text) {
			p.report(n.Pos, s.file.rewrite(n, strings.ToLower(n.Text)), "", "id with capital letters")
		}
	}}

var uuidVersion = Check{Code: "uuid-version", Severity: Info, Optional: true, Doc: "An id is a UUID, but not a random one (version 4).",
	one: func(p *pass, s *subject) {
		if n := s.text("id"); n != nil && sigma.IsUUID(n.Text) && n.Text[14] != '4' {
			p.report(n.Pos, nil, "", "id is a UUID of version %c, not 4", n.Text[14])
		}
	}}

var selfRelated = Check{Code: "related-to-itself", Severity: Warning, Doc: "An entry of related names the rule itself.",
	one: func(p *pass, s *subject) {
		for _, n := range relatedIDs(s) {
			if s.ID != "" && strings.EqualFold(n.Text, s.ID) {
				p.report(n.Pos, nil, "", "related names the rule itself")
			}
		}
	}}

var danglingRelated = Check{Code: "dangling-related", Severity: Info, Optional: true, Doc: "An entry of related names an id that no checked rule has. Deprecated rules may be kept elsewhere.",
	all: func(p *pass, set []*subject) {
		ids := map[string]bool{}
		for _, s := range set {
			ids[strings.ToLower(s.ID)] = true
		}
		for _, s := range set {
			for _, n := range relatedIDs(s) {
				if !ids[strings.ToLower(n.Text)] {
					p.report(n.Pos, nil, "", "no checked rule has the id %s", n.Text)
				}
			}
		}
	}}

// relatedIDs returns the ids in related.
func relatedIDs(s *subject) []*yamldoc.Node {
	n := s.root.Get("related")
	if n == nil {
		return nil
	}
	var out []*yamldoc.Node
	for _, item := range n.Items {
		if id := item.Get("id"); id != nil && id.Kind == yamldoc.KindString {
			out = append(out, id)
		}
	}
	return out
}
