package sigma

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// maxMergeDepth bounds the recursion of merge. yamldoc refuses documents that are nested deeper.
const maxMergeDepth = 64

// actionNames are the collection actions, for suggestions.
var actionNames = []string{"global", "repeat", "reset"}

// collection is the state of the collection actions within one file (section 1).
type collection struct {
	template *yamldoc.Node // of the last "global"; nil if none
	previous *yamldoc.Node // last document that went through merging; nil if none
}

// apply carries out the collection action of root, a mapping, and merges it onto the template. It returns nil if root makes
// no document of its own, which after an error is reported to log.
func (c *collection) apply(root *yamldoc.Node, log *diag.List) *yamldoc.Node {
	action := root.Get("action")
	if action == nil {
		return c.merged(root)
	}
	body := without(root, "action")
	switch action.Text {
	case "global":
		c.template = body
		return nil
	case "reset":
		c.template = nil
		return nil
	case "repeat":
		if c.previous == nil {
			log.Errorf(action.Pos, diag.CodeRepeatWithoutAPreviousDocument, "action repeat without a previous document").RuleID = idText(root.Get("id"))
			return nil
		}
		return c.merged(merge(c.previous, body, maxMergeDepth))
	default:
		d := log.Errorf(action.Pos, diag.CodeUnknownAction, "unknown action %q", action.Text)
		d.Hint, d.RuleID = diag.Suggest(action.Text, actionNames), idText(root.Get("id"))
		return nil
	}
}

// merged merges root onto the template and remembers the result as the previous document.
func (c *collection) merged(root *yamldoc.Node) *yamldoc.Node {
	if c.template != nil {
		root = merge(c.template, root, maxMergeDepth)
	}
	c.previous = root
	return root
}

// merge returns a new node in which mappings are merged key by key, down to depth levels, and anything else of b replaces
// what a has. Keys of a come first. Neither argument is changed.
func merge(a, b *yamldoc.Node, depth int) *yamldoc.Node {
	if depth == 0 || a.Kind != yamldoc.KindMapping || b.Kind != yamldoc.KindMapping {
		return b
	}
	index := make(map[string]int, len(a.Pairs))
	pairs := make([]yamldoc.Pair, 0, len(a.Pairs)+len(b.Pairs))
	for _, p := range a.Pairs {
		index[p.Key] = len(pairs)
		pairs = append(pairs, p)
	}
	for _, p := range b.Pairs {
		if i, ok := index[p.Key]; ok {
			p.Value = merge(pairs[i].Value, p.Value, depth-1)
			pairs[i] = p
			continue
		}
		index[p.Key] = len(pairs)
		pairs = append(pairs, p)
	}
	out := *b
	out.Pairs = pairs
	return &out
}

// without returns a copy of the mapping n that lacks key.
func without(n *yamldoc.Node, key string) *yamldoc.Node {
	out := *n
	out.Pairs = make([]yamldoc.Pair, 0, len(n.Pairs))
	for _, p := range n.Pairs {
		if p.Key != key {
			out.Pairs = append(out.Pairs, p)
		}
	}
	return &out
}
