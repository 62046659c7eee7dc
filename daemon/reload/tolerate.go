package reload

import (
	"bytes"
	"crypto/sha256"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// failure identifies a document that failed: the file, the text of the document, and what is wrong with it.
type failure struct {
	file, reason string
	text         [sha256.Size]byte
}

// noteFailures notes which documents failed.
func (r *Report) noteFailures(sources []compiler.Source) {
	texts := map[string][]byte{}
	for _, s := range sources {
		texts[s.Name] = s.Data
	}
	r.failures, r.failed = map[int]failure{}, map[failure]bool{}
	for i := range r.Documents {
		if d := &r.Documents[i]; d.Status == ir.Failed {
			f := failure{d.File, d.Reason, sha256.Sum256(documentAt(texts[d.File], d.Pos.Line))}
			r.failures[i], r.failed[f] = f, true
		}
	}
}

// documentAt returns the text of the YAML document that holds a line of a file, counted from 1.
func documentAt(file []byte, line int) []byte {
	from, to, number := 0, 0, 0
	for l := range bytes.Lines(file) {
		number++
		if bytes.HasPrefix(l, []byte("---")) {
			if number > line {
				break
			}
			from = to
		}
		to += len(l)
	}
	return file[from:to]
}

// newFailure returns the first document of r that failed and did not fail in the same way in active already: such documents were
// reported when they were first loaded, and keep nobody from reloading the others. It returns nil if there is none.
//
// Source: daemon.md section 15.4.
func (r *Report) newFailure(active *Report) *Document {
	for i := range r.Documents {
		if f, ok := r.failures[i]; ok && !active.failed[f] {
			return &r.Documents[i]
		}
	}
	return nil
}
