package sigma

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

const (
	maxTitle       = 256 // characters
	maxVersion     = 3   // highest major sigma-version
	defaultVersion = 2
)

var (
	uuidPattern    = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	tagPattern     = regexp.MustCompile(`^[a-z0-9_-]+\.[a-z0-9._-]+$`)
	releasePattern = regexp.MustCompile(`^[vV]?([0-9]+)(\.[0-9]+)*([-+].*)?$`)

	statuses     = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
	levels       = []string{"informational", "low", "medium", "high", "critical"}
	relatedTypes = []string{"derived", "obsolete", "merged", "renamed", "similar", "correlation"}
)

// IsUUID reports whether s has the form of a UUID, in any letter case. Ids of that form compare ignoring case.
func IsUUID(s string) bool { return uuidPattern.MatchString(s) }

// attributes reads the attributes of section 3 by key; keys that are in neither this table nor structural are custom
// attributes.
var attributes = map[string]func(r *reader, h *Header, n *yamldoc.Node){
	"title": (*reader).title,
	"id":    (*reader).ruleID,
	"name":  (*reader).name,
	"status": func(r *reader, h *Header, n *yamldoc.Node) {
		h.Status = r.choice(n, diag.CodeInvalidStatus, "status", statuses)
	},
	"level": func(r *reader, h *Header, n *yamldoc.Node) {
		h.Level = r.choice(n, diag.CodeInvalidLevel, "level", levels)
	},
	"date":          func(r *reader, h *Header, n *yamldoc.Node) { h.Date = r.date(n, "date") },
	"modified":      func(r *reader, h *Header, n *yamldoc.Node) { h.Modified = r.date(n, "modified") },
	"description":   func(r *reader, h *Header, n *yamldoc.Node) { h.Description = r.text(n, "description") },
	"author":        func(r *reader, h *Header, n *yamldoc.Node) { h.Author = r.text(n, "author") },
	"license":       func(r *reader, h *Header, n *yamldoc.Node) { h.License = r.text(n, "license") },
	"taxonomy":      func(r *reader, h *Header, n *yamldoc.Node) { h.Taxonomy = r.text(n, "taxonomy") },
	"tags":          (*reader).tags,
	"references":    func(r *reader, h *Header, n *yamldoc.Node) { h.References = r.texts(n, "references") },
	"fields":        func(r *reader, h *Header, n *yamldoc.Node) { h.Fields = r.texts(n, "fields") },
	"scope":         func(r *reader, h *Header, n *yamldoc.Node) { h.Scope = r.texts(n, "scope") },
	"related":       (*reader).related,
	"logsource":     (*reader).logSource,
	"sigma-version": (*reader).sigmaVersion,
	"falsepositives": func(r *reader, h *Header, n *yamldoc.Node) {
		h.FalsePositives = r.texts(n, "falsepositives")
	},
}

// header reads the attributes that every kind of document has and reports those that are missing.
func (r *reader) header(root *yamldoc.Node, kind Kind) Header {
	h := Header{Pos: root.Pos, Node: root, Version: defaultVersion}
	for _, p := range root.Pairs {
		if read, ok := attributes[p.Key]; ok {
			read(r, &h, p.Value)
		}
	}
	r.version = h.Version
	if root.Get("title") == nil {
		r.errorf(root.Pos, diag.CodeMissingTitle, "missing title")
	}
	if kind == KindRule && root.Get("logsource") == nil {
		r.warnf(root.Pos, diag.CodeMissingLogsource, "missing logsource: the rule applies to every log source")
	}
	h.Custom = r.custom(root, kind)
	return h
}

func (r *reader) title(h *Header, n *yamldoc.Node) {
	if n.Kind != yamldoc.KindString {
		r.errorf(n.Pos, diag.CodeMissingTitle, "missing title: a %s is not a title", n.Kind)
		return
	}
	h.Title = n.Text
	if c := utf8.RuneCountInString(n.Text); c > maxTitle {
		r.warnf(n.Pos, diag.CodeTitleTooLong, "title too long: %d characters, more than %d", c, maxTitle)
	}
}

// idText returns the text of an id; numbers and the like keep their source text. It returns "" if n cannot be an id.
func idText(n *yamldoc.Node) string {
	if n == nil || !n.IsScalar() || n.Kind == yamldoc.KindNull {
		return ""
	}
	return n.Text
}

func (r *reader) ruleID(h *Header, n *yamldoc.Node) {
	h.ID = idText(n)
	switch {
	case n.Kind != yamldoc.KindString:
		r.warnf(n.Pos, diag.CodeInvalidID, "invalid id: expected a UUID, not a %s", n.Kind)
	case !IsUUID(n.Text):
		r.warnf(n.Pos, diag.CodeInvalidID, "invalid id: %q is not a UUID", n.Text)
	}
}

func (r *reader) name(h *Header, n *yamldoc.Node) {
	if n.Kind != yamldoc.KindString || n.Text == "" {
		r.warnf(n.Pos, diag.CodeInvalidName, "invalid name: expected a text that is not empty; the name is ignored")
		return
	}
	h.Name = n.Text
}

// choice reads a value that must be one of words.
func (r *reader) choice(n *yamldoc.Node, code diag.Code, attribute string, words []string) string {
	if n.Kind == yamldoc.KindString && slices.Contains(words, n.Text) {
		return n.Text
	}
	d := r.warnf(n.Pos, code, "invalid %s %q; it is ignored", attribute, n.Text)
	if d.Hint = diag.Suggest(n.Text, words); d.Hint == "" {
		d.Hint = "one of " + strings.Join(words, ", ")
	}
	return ""
}

// date reads YYYY-MM-DD or YYYY/M/D and returns it as written.
func (r *reader) date(n *yamldoc.Node, attribute string) string {
	if n.Kind == yamldoc.KindString {
		for _, layout := range []string{time.DateOnly, "2006/1/2"} {
			if _, err := time.Parse(layout, n.Text); err == nil {
				return n.Text
			}
		}
	}
	r.warnf(n.Pos, diag.CodeInvalidDate, "invalid date %q in %s; it is ignored", n.Text, attribute).Hint = "write YYYY-MM-DD"
	return ""
}

// text reads a string attribute.
func (r *reader) text(n *yamldoc.Node, attribute string) string {
	if n.Kind != yamldoc.KindString {
		r.warnf(n.Pos, diag.CodeInvalidAttribute, "invalid attribute %s: expected a string, not a %s; it is ignored", attribute, n.Kind)
		return ""
	}
	return n.Text
}

// texts reads a list of strings; a single string counts as a list of one.
func (r *reader) texts(n *yamldoc.Node, attribute string) []string {
	var out []string
	for _, item := range listOf(n) {
		if item.Kind != yamldoc.KindString {
			r.warnf(item.Pos, diag.CodeInvalidAttribute, "invalid attribute %s: a %s is not a string and is dropped", attribute, item.Kind)
			continue
		}
		out = append(out, item.Text)
	}
	return out
}

// listOf returns the members of a list, or n itself as the only member.
func listOf(n *yamldoc.Node) []*yamldoc.Node {
	if n.Kind == yamldoc.KindSequence {
		return n.Items
	}
	return []*yamldoc.Node{n}
}

func (r *reader) tags(h *Header, n *yamldoc.Node) {
	h.Tags = r.texts(n, "tags")
	for _, item := range listOf(n) {
		if item.Kind == yamldoc.KindString && !tagPattern.MatchString(item.Text) {
			r.warnf(item.Pos, diag.CodeInvalidTag, "invalid tag %q: expected namespace.name in lower case", item.Text)
		}
	}
}

func (r *reader) related(h *Header, n *yamldoc.Node) {
	if n.Kind != yamldoc.KindSequence {
		r.warnf(n.Pos, diag.CodeInvalidRelated, "invalid related: expected a list, not a %s; it is ignored", n.Kind)
		return
	}
	for _, item := range n.Items {
		id, typ := item.Get("id"), item.Get("type")
		if id == nil || id.Kind != yamldoc.KindString || typ == nil || typ.Kind != yamldoc.KindString {
			r.warnf(item.Pos, diag.CodeInvalidRelated, "invalid related: expected a mapping of id and type; the entry is dropped")
			continue
		}
		if !slices.Contains(relatedTypes, typ.Text) {
			r.warnf(typ.Pos, diag.CodeInvalidRelated, "invalid related: unknown type %q; the entry is dropped", typ.Text).Hint = diag.Suggest(typ.Text, relatedTypes)
			continue
		}
		h.Related = append(h.Related, Related{ID: id.Text, Type: typ.Text})
	}
}

func (r *reader) sigmaVersion(h *Header, n *yamldoc.Node) {
	major, ok := majorVersion(n)
	switch {
	case !ok:
		r.warnf(n.Pos, diag.CodeInvalidSigmaVersion, "invalid sigma-version %q; it counts as %d", n.Text, defaultVersion)
	case major > maxVersion:
		r.errorf(n.Pos, diag.CodeUnsupportedSigmaVersion, "unsupported sigma-version %s: the highest is %d", n.Text, maxVersion)
		h.Version = maxVersion
	default:
		h.Version = major
	}
}

// majorVersion reads the major version out of a number or a release string such as "v2.1.0".
func majorVersion(n *yamldoc.Node) (int, bool) {
	switch n.Kind {
	case yamldoc.KindInt, yamldoc.KindFloat:
		if !(n.Float >= 0) {
			return 0, false
		}
		return int(min(n.Float, maxVersion+1)), isFinite(n.Float)
	case yamldoc.KindString:
		m := releasePattern.FindStringSubmatch(n.Text)
		if m == nil {
			return 0, false
		}
		if v, err := strconv.Atoi(m[1]); err == nil {
			return v, true
		}
		return maxVersion + 1, true
	}
	return 0, false
}
