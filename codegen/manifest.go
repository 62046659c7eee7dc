package codegen

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// manifestName is the file that accounts for every document.
const manifestName = "manifest.json"

// Manifest is the content of manifest.json.
type Manifest struct {
	Format    int                `json:"format"`  // rtlib.FormatVersion
	RuleSet   string             `json:"ruleset"` // digest of the rules in load order
	Counts    ManifestCounts     `json:"counts"`
	Documents []ManifestDocument `json:"documents"` // sorted by file and number
}

// ManifestCounts says how many documents ended as what.
type ManifestCounts struct {
	Armed   int `json:"armed"`
	Skipped int `json:"skipped"`
	Failed  int `json:"failed"`
}

// ManifestDocument is the outcome of one document.
type ManifestDocument struct {
	File     string `json:"file"`     // as in the generated code, never absolute
	Document int    `json:"document"` // its number in the file, from 1
	Kind     string `json:"kind"`
	Title    string `json:"title,omitempty"`
	ID       string `json:"id,omitempty"`
	Status   string `json:"status"`
	Code     string `json:"code,omitempty"`   // why it is not armed
	Reason   string `json:"reason,omitempty"` // the same, for people
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Function string `json:"function,omitempty"` // of a rule: package path, dot, name
	Variable string `json:"variable,omitempty"` // of a correlation: the same
}

// NewManifest returns what manifest.json and the generated code of p say, with paths and names as Generate gives them.
func NewManifest(p *ir.Program, opts Options) Manifest {
	opts.ImportPath = cmp.Or(opts.ImportPath, DefaultImportPath)
	return newLayout(p, opts).account(p)
}

// ReadManifest reads manifest.json. The error says what is wrong with the text.
func ReadManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	if m.Format < 1 || m.Documents == nil {
		return m, errors.New("read manifest: this is no manifest.json of generated code")
	}
	return m, nil
}

// account makes the manifest of p.
func (l *layout) account(p *ir.Program) Manifest {
	functions, variables := map[*ir.Rule]string{}, map[*ir.Correlation]string{}
	for _, pkg := range l.packages {
		for _, r := range pkg.rules {
			functions[r.Rule] = path.Join(l.opts.ImportPath, pkg.dir) + "." + r.name
		}
		for _, c := range pkg.correlations {
			variables[c.Correlation] = path.Join(l.opts.ImportPath, pkg.dir) + "." + c.variable()
		}
	}
	m := Manifest{Format: rtlib.FormatVersion, RuleSet: p.Digest(), Documents: []ManifestDocument{}}
	m.Counts = ManifestCounts{Armed: p.Count(ir.Armed), Skipped: p.Count(ir.Skipped), Failed: p.Count(ir.Failed)}
	for _, d := range p.Documents {
		shown, _ := l.opts.locate(d.File)
		doc := ManifestDocument{
			File: shown, Document: d.Index + 1, Kind: d.Kind, Title: d.Title, ID: d.ID, Status: string(d.Status),
			Code: string(d.Code), Reason: l.opts.relative(d.Reason, d.File), Line: d.Pos.Line, Column: d.Pos.Col,
		}
		switch {
		case d.Rule != nil:
			doc.Digest, doc.Function = d.Rule.Meta.Digest, functions[d.Rule]
		case d.Correlation != nil:
			doc.Digest, doc.Variable = d.Correlation.Rule.Meta.Digest, variables[d.Correlation]
		}
		m.Documents = append(m.Documents, doc)
	}
	slices.SortStableFunc(m.Documents, func(a, b ManifestDocument) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Document, b.Document))
	})
	return m
}

// file returns manifest.json.
func (m Manifest) file() (File, error) {
	content, err := m.encode()
	if err != nil {
		return File{}, fmt.Errorf("write manifest: %w", err)
	}
	return File{Path: manifestName, Content: content}, nil
}

// relative returns a message with the paths that may stand in it as shown to people.
func (o Options) relative(message, file string) string {
	shown, _ := o.locate(file)
	if file != "" {
		message = strings.ReplaceAll(message, file, shown)
	}
	for _, r := range o.Roots {
		if r = path.Clean(filepath.ToSlash(r)); isOutside(r) && r != "/" {
			message = strings.ReplaceAll(message, r+"/", path.Base(r)+"/")
		}
	}
	return message
}

func (m Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return escapeInvisible(b.Bytes()), nil
}

// escapeInvisible escapes the characters of a JSON text that a reviewer would not see, or that would reorder what they see.
func escapeInvisible(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r < 0x7f || strconv.IsPrint(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}
