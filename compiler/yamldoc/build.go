package yamldoc

import (
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// maxFaults bounds the errors reported for one document.
const maxFaults = 20

// build converts the YAML document root into ours.
func build(file string, index int, root *yaml.Node, log *diag.List) *Document {
	b := builder{file: file, index: index, log: log, before: log.Errors(), anchors: map[*yaml.Node]*subtree{}}
	n := b.node(root, 1)
	doc := &Document{File: file, Index: index, Failed: log.Errors() > b.before}
	if !doc.Failed && n.node.Kind != KindNull {
		doc.Root = n.node
	}
	return doc
}

// builder converts one document.
type builder struct {
	file   string
	index  int
	log    *diag.List
	before int // errors in log when the document began

	// anchors holds the anchored nodes met so far. A node in the making has an entry without a node, so that an alias to
	// it is known as a cycle.
	anchors map[*yaml.Node]*subtree
	stopped bool // a limit was exceeded or a cycle found: no more can be said about the document
}

// subtree is a converted node and its extent when aliases are followed.
type subtree struct {
	node  *Node
	nodes int // at least 1
	depth int // nested mappings and lists, 0 for a scalar
}

// pos returns the position of n.
func (b *builder) pos(n *yaml.Node) diag.Pos {
	return diag.Pos{File: b.file, Line: n.Line, Col: n.Column, Doc: b.index}
}

// errorf reports an error at n.
func (b *builder) errorf(n *yaml.Node, code diag.Code, format string, args ...any) {
	b.log.Errorf(b.pos(n), code, format, args...)
	if b.log.Errors()-b.before >= maxFaults {
		b.stopped = true
	}
}

// stop reports an error at n after which nothing more is converted.
func (b *builder) stop(n *yaml.Node, code diag.Code, format string, args ...any) {
	b.errorf(n, code, format, args...)
	b.stopped = true
}

// node converts n, which would be at depth if it were a mapping or list. The result is complete unless stopped.
func (b *builder) node(n *yaml.Node, depth int) subtree {
	if n.Kind == yaml.AliasNode {
		return b.alias(n, depth)
	}
	var anchor *subtree
	if n.Anchor != "" {
		anchor = &subtree{}
		b.anchors[n] = anchor
	}
	t := subtree{node: &Node{Pos: b.pos(n)}, nodes: 1}
	switch n.Kind {
	case yaml.MappingNode:
		b.mapping(&t, n, depth)
	case yaml.SequenceNode:
		b.sequence(&t, n, depth)
	default:
		b.scalar(&t, n)
	}
	if anchor != nil {
		*anchor = t
	}
	return t
}

// alias returns the node that n refers to.
func (b *builder) alias(n *yaml.Node, depth int) subtree {
	target := b.anchors[n.Alias]
	switch {
	case target == nil:
		// yaml.v3 forgets no anchor at the end of a document.
		b.stop(n, diag.CodeInvalidYAML, "invalid yaml: the anchor %q belongs to another document", n.Value)
		return subtree{}
	case target.node == nil:
		b.stop(n, diag.CodeAliasCycle, "alias cycle: *%s stands inside the value that it refers to", n.Value)
		return subtree{}
	case depth-1+target.depth > maxDepth:
		b.tooDeep(n)
	}
	return *target
}

func (b *builder) tooDeep(n *yaml.Node) {
	b.stop(n, diag.CodeTooDeep, "too deep: more than %d mappings and lists inside each other", maxDepth)
}

// enter reports whether the mapping or list n may be converted at depth.
func (b *builder) enter(n *yaml.Node, depth int) bool {
	if depth > maxDepth {
		b.tooDeep(n)
	}
	return !b.stopped
}

// child converts n below parent, and reports whether to go on.
func (b *builder) child(parent *subtree, n *yaml.Node, depth int) (*Node, bool) {
	c := b.node(n, depth+1)
	if b.stopped {
		return nil, false
	}
	parent.depth = max(parent.depth, c.depth+1)
	parent.nodes += c.nodes
	if parent.nodes > maxNodes {
		b.stop(n, diag.CodeTooManyNodes, "too many nodes: more than %d when aliases are followed", maxNodes)
		return nil, false
	}
	return c.node, true
}

func (b *builder) sequence(t *subtree, n *yaml.Node, depth int) {
	t.node.Kind, t.depth = KindSequence, 1
	if !b.enter(n, depth) {
		return
	}
	t.node.Items = make([]*Node, 0, len(n.Content))
	for _, c := range n.Content {
		item, ok := b.child(t, c, depth)
		if !ok {
			return
		}
		t.node.Items = append(t.node.Items, item)
	}
}

func (b *builder) mapping(t *subtree, n *yaml.Node, depth int) {
	t.node.Kind, t.depth = KindMapping, 1
	if !b.enter(n, depth) {
		return
	}
	if keys := len(n.Content) / 2; keys > maxKeys {
		b.stop(n, diag.CodeTooManyKeys, "too many keys: %d in one mapping, at most %d are allowed", keys, maxKeys)
		return
	}
	t.node.Pairs = make([]Pair, 0, len(n.Content)/2)
	first := make(map[string]diag.Pos, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		key, ok := b.child(t, k, depth)
		if !ok {
			return
		}
		value, ok := b.child(t, n.Content[i+1], depth)
		if !ok {
			return
		}
		if b.usableKey(k, key, first) {
			t.node.Pairs = append(t.node.Pairs, Pair{Key: key.Text, KeyPos: b.pos(k), Value: value})
		}
		if b.stopped {
			return
		}
	}
}

// usableKey reports whether key, written as k, is a scalar that is not among those before it, which first holds.
func (b *builder) usableKey(k *yaml.Node, key *Node, first map[string]diag.Pos) bool {
	if !key.IsScalar() || key.Kind == KindNull {
		b.errorf(k, diag.CodeUnsupportedKey, "unsupported key: a %s cannot be the key of a mapping", key.Kind)
		return false
	}
	if before, ok := first[key.Text]; ok {
		b.errorf(k, diag.CodeDuplicateKey, "duplicate key %s, first at line %d, column %d", quote(key.Text), before.Line, before.Col)
		return false
	}
	first[key.Text] = b.pos(k)
	return true
}

func (b *builder) scalar(t *subtree, n *yaml.Node) {
	if !setScalar(t.node, n) {
		b.errorf(n, diag.CodeInvalidYAML, "invalid yaml: the text %s does not fit its tag %s", quote(n.Value), n.Tag)
	}
}

// quote returns s in quotes for a message, shortened if it is long.
func quote(s string) string {
	const limit = 80 // characters
	if runes := []rune(s[:min(len(s), 4*limit)]); len(runes) > limit {
		return fmt.Sprintf("%q…", string(runes[:limit]))
	}
	return strconv.Quote(s)
}
