package codegen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/ir"
)

// lockName is the file that says, one line a rule, what each id stands for.
const lockName = "rsigmac.lock"

// GenerateLocked is Generate with rsigmac.lock, for the directory that a rules repository commits.
func GenerateLocked(p *ir.Program, opts Options) ([]File, error) {
	files, err := Generate(p, opts)
	if err != nil {
		return nil, err
	}
	files = append(files, NewManifest(p, opts).lock())
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// lock returns rsigmac.lock: the documents of m that run and have a digest, sorted by id, then place. It holds nothing that
// manifest.json does not; it is for people who compare two of them, line by line.
func (m Manifest) lock() File {
	var lines [][3]string
	for _, d := range m.Documents {
		if d.Digest != "" {
			lines = append(lines, [3]string{commentText(cmp.Or(d.ID, "-")), d.Digest, commentText(numberedSource(d.File, d.Document-1))})
		}
	}
	slices.SortStableFunc(lines, func(a, b [3]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[2], b[2])) })
	var b strings.Builder
	b.WriteString("# What each rule id stands for: id, digest, place. Written and checked by \"rsigmac generate\"; do not edit.\n")
	fmt.Fprintf(&b, "# format %d\n# ruleset %s\n", m.Format, m.RuleSet)
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %s\n", strings.ReplaceAll(l[0], " ", `\x20`), l[1], l[2])
	}
	return File{Path: lockName, Content: []byte(b.String())}
}
