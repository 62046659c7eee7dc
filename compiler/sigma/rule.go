package sigma

import (
	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Header holds the attributes that every kind of Sigma document has (sigma-language.md section 3). Absent and unusable
// attributes are empty.
type Header struct {
	Pos  diag.Pos // of the document
	Node *yamldoc.Node

	Title, ID, Name, Description, Author, License, Taxonomy string
	Status, Level, Date, Modified                           string

	Tags, References, Fields, FalsePositives, Scope []string

	Related   []Related
	LogSource LogSource
	Version   int         // major sigma-version, 2 if absent
	Custom    []Attribute // custom attributes in source order, custom_attributes merged in, keys unique
}

// Related is one entry of the attribute "related".
type Related struct{ ID, Type string }

// Attribute is one custom attribute with its YAML value.
type Attribute struct {
	Key   string
	Value *yamldoc.Node
}

// LogSource is the attribute "logsource". Blank values count as absent. Custom keeps source order.
type LogSource struct {
	Category, Product, Service, Definition string
	Custom                                 []Dimension
}

// Dimension is a log-source key beyond the standard ones.
type Dimension struct{ Key, Value string }

// Rule is a detection rule. Conditions are alternatives, tried in order.
type Rule struct {
	Header
	Detections []*Detection
	Conditions []Condition
}

// Condition is one condition text and its tree. Tree is nil only after an error was reported.
type Condition struct {
	Text string
	Pos  diag.Pos
	Tree condition.Expr
}

// Detection is a named search identifier.
type Detection struct {
	Name string
	Pos  diag.Pos
	Body *Group
}

// Node is a part of a detection: *Group, *Item or *Block.
type Node interface{ isNode() }

// Group joins its nodes with AND, or with OR if Any. A YAML mapping is a Group of its entries (AND); a list with mappings or
// lists in it is a Group with Any; a scalar or a plain list is a Group with one keyword Item.
type Group struct {
	Pos   diag.Pos
	Any   bool
	Nodes []Node
}

// Item is one entry of a detection: field, modifiers and values. Modifiers and Raw come from the parser; the rest is filled
// in by package modifier.
type Item struct {
	Pos       diag.Pos // of the key, for keywords of the first value
	Field     Field
	Modifiers []Modifier
	Raw       []*yamldoc.Node // one or more scalars

	Values []Value // alternatives, or requirements if All
	All    bool
	Neg    bool // "neq": the whole item is negated
}

// Modifier is one modifier as written, without the bar.
type Modifier struct {
	Name string
	Pos  diag.Pos
}

// FieldKind says how the name of a Field is meant.
type FieldKind uint8

// The kinds of field.
const (
	FieldPlain   FieldKind = iota // looked up by sigma-language.md section 6.3
	FieldIndexed                  // Name has index selectors such as args[0] (section 11)
	FieldSelf                     // "." inside an array block: the member itself
	FieldKeyword                  // no field: any string value of the event
)

// Field names what an item looks at. For FieldIndexed, Name is the path as written, with literal brackets escaped.
type Field struct {
	Kind FieldKind
	Name string
}

// Quantifier says how many members of an array must satisfy a Block.
type Quantifier uint8

// The quantifiers of section 11. QuantElement is the scope of an indexed key: its body is judged once on that element, or
// with every field missing if there is no such element.
const (
	QuantAny Quantifier = iota
	QuantAll
	QuantAllOrEmpty
	QuantNone
	QuantElement
)

// Block is an array selector: Body, or Detections with Condition, is judged on members of the array under Field.
type Block struct {
	Pos        diag.Pos
	Field      Field
	Quant      Quantifier
	Body       *Group       // simple form; nil in the extended form
	Detections []*Detection // extended form
	Conditions []Condition  // extended form: as in a rule
}

func (*Group) isNode() {}
func (*Item) isNode()  {}
func (*Block) isNode() {}

// Filter is a filter document (section 12).
type Filter struct {
	Header
	Any        bool     // every detection rule: "any", an empty list, or no "rules" at all
	Rules      []string // references otherwise
	Detections []*Detection
	Condition  Condition
}

// Kind is the kind of a document.
type Kind uint8

// The kinds of document. KindInvalid documents were rejected before their kind was known.
const (
	KindInvalid Kind = iota
	KindRule
	KindCorrelation
	KindFilter
)

// String returns "invalid", "rule", "correlation" or "filter".
func (k Kind) String() string { return [...]string{"invalid", "rule", "correlation", "filter"}[k] }

// Document is one document of a rule file and what became of it. Exactly one of Rule, Correlation and Filter is set unless
// Failed.
type Document struct {
	File   string
	Index  int // 0-based in its file
	Pos    diag.Pos
	Kind   Kind
	Title  string // as far as known
	ID     string // as far as known
	Failed bool   // at least one error was reported for it

	Rule        *Rule
	Correlation *Correlation
	Filter      *Filter
}
