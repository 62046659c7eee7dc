package yamldoc

import "github.com/rsigma-go/rsigma/compiler/diag"

// Kind is the type of a node after the resolution of sigma-language.md section 2.
type Kind uint8

// The kinds of node.
const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindFloat
	KindString
	KindMapping
	KindSequence
)

// String returns the name users know the kind by: "null", "boolean", "integer", "number", "string", "mapping" or "list".
func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "number", "string", "mapping", "list"}[k]
}

// Node is one resolved YAML value. Aliases are already followed: a shared subtree is the same *Node in several places, so
// nobody may change one.
type Node struct {
	Kind  Kind
	Pos   diag.Pos
	Text  string  // scalars: the value as text (for KindString the string itself, else the source text)
	Bool  bool    // KindBool
	Int   int64   // KindInt
	Float float64 // KindFloat (may be infinite or NaN), and KindInt converted
	Pairs []Pair  // KindMapping, in source order, keys unique
	Items []*Node // KindSequence
	Block bool    // block scalar (| or >): Pos is the indicator's

	// Comment is for Write, which puts it above the node, or above its key. Parse drops comments.
	Comment string
}

// Pair is one entry of a mapping.
type Pair struct {
	Key    string
	KeyPos diag.Pos
	Value  *Node
}

// Get returns the value under key, or nil if n is nil, no mapping or has no such key.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Pairs {
		if n.Pairs[i].Key == key {
			return n.Pairs[i].Value
		}
	}
	return nil
}

// IsScalar reports whether n is neither mapping nor list.
func (n *Node) IsScalar() bool { return n.Kind != KindMapping && n.Kind != KindSequence }

// Document is one YAML document of a file.
type Document struct {
	File   string
	Index  int   // 0-based in its file, empty documents included
	Root   *Node // nil for an empty document and if Failed
	Failed bool  // an error was reported for it; it must not be used
}
