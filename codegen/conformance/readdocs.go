package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/pipeline/builtin"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// readDocuments gathers the documents of the case n in the order of the format: base, file, rule, sel, detection,
// correlation.
func (r *fileReader) readDocuments(n *yamldoc.Node, c *Case) {
	d := &c.Documents
	r.addBases(n.Get("base"), d)
	r.addFiles(n.Get("file"), d)
	r.addRule(n.Get("rule"), d)
	for _, key := range []string{"sel", "detection"} {
		if v := n.Get(key); v != nil {
			d.add(detectionText(c.Name, n.Get("version"), key, v), v.Pos, false)
		}
	}
	if v := n.Get("version"); v != nil && n.Get("sel") == nil && n.Get("detection") == nil {
		r.errorf(v, "version goes with sel or detection")
	}
	r.addCorrelation(n, d)
	if len(d.parts) == 0 {
		r.errorf(n, "a case without documents (one of base, file, rule, sel, detection, correlation)")
	}
}

func (r *fileReader) addBases(n *yamldoc.Node, d *Documents) {
	for _, name := range r.oneOrMore(n, "base") {
		text, ok := r.bases[name]
		if !ok {
			r.errorf(n, "no base named %q", name)
			continue
		}
		addText(d, text)
	}
}

// addFiles adds rule files; their paths are relative to the test file.
func (r *fileReader) addFiles(n *yamldoc.Node, d *Documents) {
	for _, name := range r.oneOrMore(n, "file") {
		p := name
		if !filepath.IsAbs(p) {
			p = filepath.Join(r.dir, p)
		}
		data, err := os.ReadFile(p)
		if err != nil {
			r.errorf(n, "read rule file: %v", err)
			continue
		}
		d.add(string(data), diag.Pos{File: p, Line: 1, Col: 1}, true)
	}
}

func (r *fileReader) addRule(n *yamldoc.Node, d *Documents) {
	switch {
	case n == nil:
	case n.Kind == yamldoc.KindString:
		addText(d, n)
	case n.Kind == yamldoc.KindMapping:
		d.add(documentText(n), n.Pos, false)
	default:
		for _, doc := range r.list(n, "rule") {
			if doc.Kind != yamldoc.KindMapping {
				r.errorf(doc, "a document in the list rule must be a mapping, not a %s", doc.Kind)
				continue
			}
			d.add(documentText(doc), doc.Pos, false)
		}
	}
}

func (r *fileReader) addCorrelation(n *yamldoc.Node, d *Documents) {
	v, attrs := n.Get("correlation"), n.Get("attributes")
	switch {
	case v == nil && attrs != nil:
		r.errorf(attrs, "attributes go with correlation")
	case v == nil:
	case attrs != nil && attrs.Kind != yamldoc.KindMapping:
		r.errorf(attrs, "attributes must be a mapping, not a %s", attrs.Kind)
	default:
		doc := &yamldoc.Node{Kind: yamldoc.KindMapping, Pos: v.Pos, Pairs: []yamldoc.Pair{
			{Key: "title", Value: textNode("corr")},
			{Key: "id", Value: textNode("corr")},
			{Key: "correlation", Value: v},
		}}
		if attrs != nil {
			doc.Pairs = append(doc.Pairs, attrs.Pairs...)
		}
		d.add(documentText(doc), v.Pos, false)
	}
}

// addText adds the YAML text that the string n holds.
func addText(d *Documents, n *yamldoc.Node) {
	p := textPart(n)
	d.add(n.Text, p.pos, p.exact)
}

// detectionText returns the rule that the shorthands sel and detection stand for.
func detectionText(title string, version *yamldoc.Node, key string, value *yamldoc.Node) string {
	text := fmt.Sprintf("title: %s\nlogsource: {category: test}\n", quoteYAML(title))
	if version != nil {
		text += "sigma-version: " + flow(version) + "\n"
	}
	if key == "sel" {
		return text + "detection: {sel: " + flow(value) + ", condition: sel}\n"
	}
	return text + "detection: " + flow(value) + "\n"
}

func textNode(s string) *yamldoc.Node { return &yamldoc.Node{Kind: yamldoc.KindString, Text: s} }

// readPipelines reads the list of pipelines: YAML text, {builtin: name} or {file: path}.
func (r *fileReader) readPipelines(n *yamldoc.Node, c *Case) {
	for i, p := range r.list(n, "pipelines") {
		if p.Kind == yamldoc.KindString {
			name := fmt.Sprintf("%s:pipeline %d", c.Name, i+1)
			c.Pipelines = append(c.Pipelines, compiler.Source{Name: name, Data: []byte(p.Text)})
			at := textPart(p)
			at.name = name
			c.inline = append(c.inline, at)
			continue
		}
		if !r.keys(p, "a pipeline", "builtin", "file") {
			continue
		}
		name, file := r.str(p.Get("builtin"), "builtin"), r.str(p.Get("file"), "file")
		switch {
		case (name == "") == (file == ""):
			r.errorf(p, "a pipeline is YAML text, {builtin: name} or {file: path}")
		case name != "":
			r.addBuiltin(p, name, c)
		default:
			r.addPipelineFile(p, file, c)
		}
	}
}

func (r *fileReader) addPipelineFile(n *yamldoc.Node, name string, c *Case) {
	p := name
	if !filepath.IsAbs(p) {
		p = filepath.Join(r.dir, p)
	}
	data, err := os.ReadFile(p)
	if err != nil {
		r.errorf(n, "read pipeline: %v", err)
		return
	}
	c.Pipelines = append(c.Pipelines, compiler.Source{Name: p, Data: data})
}

func (r *fileReader) addBuiltin(n *yamldoc.Node, name string, c *Case) {
	src, ok := builtin.Source(name)
	if !ok {
		d := r.log.Errorf(n.Pos, codeTestFile, "invalid test file: no built-in pipeline named %q", name)
		d.Hint = "there are " + strings.Join(builtin.Names(), ", ")
		return
	}
	c.Pipelines = append(c.Pipelines, compiler.Source{Name: name, Data: src})
}
