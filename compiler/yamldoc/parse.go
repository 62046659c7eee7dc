// Package yamldoc reads YAML files into trees of typed nodes with positions. It is the only importer of yaml.v3 and repairs
// what that leaves open: duplicate keys, scalar types by the YAML 1.2 core schema, places of syntax errors, and limits for
// input that nobody has reviewed. It knows nothing of rules; packages sigma and pipeline call it for their files, so do the
// readers of configuration and test files.
package yamldoc

import (
	"bytes"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// The limits of reliability.md section 5, rows T1 and T2, and of sigma-language.md section 18.
const (
	MaxFileSize = 4 << 20   // bytes
	maxNodes    = 1_000_000 // per document, counted while following aliases
	maxDepth    = 64        // mappings and lists inside each other
	maxKeys     = 4096      // per mapping
)

// Parse reads all YAML documents of src in order. file is only used in positions. Faults are reported to log as errors, and
// each belongs to a document that is returned with Failed set; the other documents are usable. A syntax error ends reading:
// it is reported once, earlier documents stay, later ones are lost. A leading byte order mark is dropped.
//
// The cost is linear in len(src) and bounded by MaxFileSize, whatever src holds.
//
// Source: sigma-language.md sections 1, 2 and 18.
func Parse(file string, src []byte, log *diag.List) []*Document {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if f := precheck(src); f != nil {
		return []*Document{failed(file, 0, f, log)}
	}
	text, unreadable := readable(src)
	roots, broken := decode(text)
	if unreadable != nil {
		// The last document is cut off, so neither it nor what is wrong with it counts.
		if broken == nil && len(roots) > 0 {
			roots = roots[:len(roots)-1]
		}
		broken = unreadable
	}
	docs := make([]*Document, 0, len(roots)+1)
	for i, root := range roots {
		docs = append(docs, build(file, i, root, log))
	}
	if broken != nil {
		docs = append(docs, failed(file, len(docs), broken, log))
	}
	return docs
}

// fault is an error that ends the reading of a file. Its position lacks file and document.
type fault struct {
	pos  diag.Pos
	code diag.Code
	msg  string
	hint string
	note string
}

// failed reports f for a document and returns that document.
func failed(file string, index int, f *fault, log *diag.List) *Document {
	f.pos.File, f.pos.Doc = file, index
	d := log.Errorf(f.pos, f.code, "%s", f.msg)
	d.Hint = f.hint
	if f.note != "" {
		d.Notes = []string{f.note}
	}
	return &Document{File: file, Index: index, Failed: true}
}
