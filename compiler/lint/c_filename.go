package lint

import (
	"path"
	"regexp"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

var fileName = regexp.MustCompile(`^[a-z0-9_]+\.yml$`)

var filename = Check{Code: "filename", Severity: Info, Doc: "A file name is not made of small letters, digits and underscores, does not end in .yml, or has fewer than 10 or more than 90 characters.",
	all: func(p *pass, set []*subject) {
		for _, s := range set {
			if name := path.Base(s.File); !fileName.MatchString(name) {
				p.report(diag.Pos{File: s.File}, nil, "", "file name %q: use small letters, digits, underscores and .yml", name)
			} else if len(name) < 10 || len(name) > 90 {
				p.report(diag.Pos{File: s.File}, nil, "", "file name %q of %d characters: use 10 to 90", name, len(name))
			}
		}
	}}

var duplicateFilename = Check{Code: "duplicate-filename", Severity: Warning, Doc: "Two files in different directories have the same name, so that a name alone does not find a rule.",
	all: func(p *pass, set []*subject) {
		first := map[string]string{}
		for _, s := range set {
			name := path.Base(s.File)
			switch before, ok := first[name]; {
			case !ok:
				first[name] = s.File
			case before != s.File:
				p.report(diag.Pos{File: s.File}, nil, "", "%s has the same name", before)
			}
		}
	}}
