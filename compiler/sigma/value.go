package sigma

import "net/netip"

// Value is a typed rule value after its modifiers were applied: String, Number, Bool, Null, Regex, Network, Compare,
// TimePart, FieldRef, Exists, Expansion or Deferred.
type Value interface{ isValue() }

// TokenKind tells the parts of a Pattern apart.
type TokenKind uint8

// The kinds of token.
const (
	TokenLiteral     TokenKind = iota // Text, taken literally
	TokenStar                         // any run of characters
	TokenQuestion                     // exactly one code point
	TokenPlaceholder                  // %Text%, only under "expand"
)

// Token is one part of a Pattern.
type Token struct {
	Kind TokenKind
	Text string
}

// Pattern is the text of a string value, read by section 5.1: no two literals are neighbours, no literal is empty. The empty
// pattern stands for the empty text. It covers the whole field text: "contains" shows as leading and trailing stars.
type Pattern []Token

// String compares text with a pattern. Cased turns folding off. Windash lets each of the five dashes stand for all of them.
type String struct {
	Pattern Pattern
	Cased   bool
	Windash bool
}

// Number compares by value. Text is its text form (section 6.2).
type Number struct {
	IsInt bool
	Int   int64
	Float float64 // set in both cases
	Text  string
}

// Bool compares with a boolean.
type Bool struct{ Value bool }

// Null holds if the field is missing or null.
type Null struct{}

// Regex searches for a regular expression. Pattern holds one literal token with the source, more only with placeholders.
// Flags is a sorted subset of "ims".
type Regex struct {
	Pattern Pattern
	Flags   string
}

// Network is a "cidr" value, masked.
type Network struct{ Prefix netip.Prefix }

// CompareOp is a numeric comparison.
type CompareOp uint8

// The comparisons.
const (
	CompareEqual CompareOp = iota
	CompareGreater
	CompareGreaterEqual
	CompareLess
	CompareLessEqual
)

// Compare is a numeric comparison with Number.
type Compare struct {
	Op     CompareOp
	Number Number
}

// Part is a part of a timestamp.
type Part uint8

// The parts.
const (
	PartMinute Part = iota
	PartHour
	PartDay
	PartWeek
	PartMonth
	PartYear
)

// TimePart compares a part of a timestamp with Number.
type TimePart struct {
	Part   Part
	Op     CompareOp
	Number Number
}

// RefOp is how a field is compared with the field it refers to.
type RefOp uint8

// The reference operators.
const (
	RefEqual RefOp = iota
	RefContains
	RefStartsWith
	RefEndsWith
)

// FieldRef compares the field with another field of the event, named Field (plain lookup).
type FieldRef struct {
	Field string
	Op    RefOp
	Cased bool
}

// Exists holds if the presence of the field equals Want.
type Exists struct{ Want bool }

// Expansion is one value that a modifier turned into alternatives (base64offset). They are ORed even under "all".
type Expansion struct{ Values []String }

// Deferred is a value under "expand" that still has placeholders although its modifiers need the final text: "cidr" or an
// encoding other than "windash". Package modifier finishes it once a pipeline has filled the placeholders; one that is left
// when the rule is compiled is an unhandled placeholder.
type Deferred struct {
	Pattern   Pattern  // the text as written, before any modifier
	Modifiers []string // those that wait, by their main names, in written order; an implied "contains" is the last
}

func (String) isValue()    {}
func (Number) isValue()    {}
func (Bool) isValue()      {}
func (Null) isValue()      {}
func (Regex) isValue()     {}
func (Network) isValue()   {}
func (Compare) isValue()   {}
func (TimePart) isValue()  {}
func (FieldRef) isValue()  {}
func (Exists) isValue()    {}
func (Expansion) isValue() {}
func (Deferred) isValue()  {}
