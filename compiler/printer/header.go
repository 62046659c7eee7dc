package printer

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// header writes the attributes, in the order in which rules have them by custom. Absent ones are left out.
func (p *printer) header(h *sigma.Header) *yamldoc.Node {
	root := mapping(pair("title", text(h.Title)))
	addText(root, "id", h.ID)
	addText(root, "name", h.Name)
	if h.Version != defaultVersion {
		root.Pairs = append(root.Pairs, pair("sigma-version", &yamldoc.Node{Kind: yamldoc.KindInt, Int: int64(h.Version)}))
	}
	addRelated(root, h.Related)
	addText(root, "status", h.Status)
	addText(root, "description", h.Description)
	addList(root, "references", h.References)
	addText(root, "author", h.Author)
	addText(root, "date", h.Date)
	addText(root, "modified", h.Modified)
	addText(root, "license", h.License)
	addText(root, "taxonomy", h.Taxonomy)
	addList(root, "tags", h.Tags)
	addList(root, "scope", h.Scope)
	addLogSource(root, h)
	addList(root, "fields", h.Fields)
	addList(root, "falsepositives", h.FalsePositives)
	addText(root, "level", h.Level)
	addCustom(root, h.Custom)
	return root
}

// defaultVersion is the sigma-version of rules that name none.
const defaultVersion = 2

func addText(root *yamldoc.Node, key, value string) {
	if value != "" {
		root.Pairs = append(root.Pairs, pair(key, text(value)))
	}
}

func addList(root *yamldoc.Node, key string, values []string) {
	if len(values) > 0 {
		root.Pairs = append(root.Pairs, pair(key, list(values)))
	}
}

func addRelated(root *yamldoc.Node, related []sigma.Related) {
	out := sequence()
	for _, r := range related {
		out.Items = append(out.Items, mapping(pair("id", text(r.ID)), pair("type", text(r.Type))))
	}
	if len(out.Items) > 0 {
		root.Pairs = append(root.Pairs, pair("related", out))
	}
}

// addLogSource writes an empty log source only where the rule has one: an absent one is worth a warning.
func addLogSource(root *yamldoc.Node, h *sigma.Header) {
	out := mapping()
	addText(out, "category", h.LogSource.Category)
	addText(out, "product", h.LogSource.Product)
	addText(out, "service", h.LogSource.Service)
	for _, d := range h.LogSource.Custom {
		addText(out, d.Key, d.Value)
	}
	addText(out, "definition", h.LogSource.Definition)
	if len(out.Pairs) > 0 || h.Node.Get("logsource") != nil {
		root.Pairs = append(root.Pairs, pair("logsource", out))
	}
}

// addCustom writes custom attributes at the top as long as their keys mean nothing else there, and the rest, in order, below
// custom_attributes.
func addCustom(root *yamldoc.Node, attributes []sigma.Attribute) {
	nested := slices.IndexFunc(attributes, func(a sigma.Attribute) bool { return !sigma.IsCustomKey(a.Key) })
	if nested < 0 {
		nested = len(attributes)
	}
	for _, a := range attributes[:nested] {
		root.Pairs = append(root.Pairs, pair(a.Key, a.Value))
	}
	if nested == len(attributes) {
		return
	}
	rest := mapping()
	for _, a := range attributes[nested:] {
		rest.Pairs = append(rest.Pairs, pair(a.Key, a.Value))
	}
	root.Pairs = append(root.Pairs, pair("custom_attributes", rest))
}

// insert puts the part that detects behind the log source, where rules have it.
func insert(root *yamldoc.Node, p yamldoc.Pair) {
	at := len(root.Pairs)
	for i, q := range root.Pairs {
		if slices.Contains([]string{"fields", "falsepositives", "level"}, q.Key) || sigma.IsCustomKey(q.Key) || q.Key == "custom_attributes" {
			at = i
			break
		}
		if q.Key == "logsource" {
			at = i + 1
			break
		}
	}
	root.Pairs = slices.Insert(root.Pairs, at, p)
}

func pair(key string, value *yamldoc.Node) yamldoc.Pair { return yamldoc.Pair{Key: key, Value: value} }

func mapping(pairs ...yamldoc.Pair) *yamldoc.Node {
	return &yamldoc.Node{Kind: yamldoc.KindMapping, Pairs: pairs}
}

func sequence(items ...*yamldoc.Node) *yamldoc.Node {
	return &yamldoc.Node{Kind: yamldoc.KindSequence, Items: items}
}

func text(s string) *yamldoc.Node { return &yamldoc.Node{Kind: yamldoc.KindString, Text: s} }

func list(texts []string) *yamldoc.Node {
	out := sequence()
	for _, s := range texts {
		out.Items = append(out.Items, text(s))
	}
	return out
}
