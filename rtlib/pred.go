package rtlib

// Pred is one predicate: an operator, the field it looks at and its operands. It holds if some operand (with All: every
// operand) is satisfied by some element of the field. Which of the operand lists counts depends on Op. A Pred is plain data
// until prepare compiles it.
type Pred struct {
	Op    Op
	Field Field
	All   bool

	Strings []string  // text operators: literals or patterns; Regex; CIDR; Ref…: field names
	Ints    []int64   // Num… and Time…
	Floats  []float64 // Num…; further operands beside Ints
	Part    Part      // Time…
	Want    bool      // BoolEqual, Exists

	id      FieldID
	refs    []FieldID // Ref…: the fields that Strings name
	matcher matcher   // nil until prepared
}

// Op is the operator of a Pred. The …Fold operators ignore letter case as sigma-language.md section 7.1 says, the others
// compare exact code points.
type Op uint8

// The operators. Their names are the names in the IR and in generated code.
const (
	OpInvalid Op = iota

	// Text: the operands are literals.
	Equal
	EqualFold
	Prefix
	PrefixFold
	Suffix
	SuffixFold
	Contains
	ContainsFold

	// Glob: the operands are patterns that cover the whole text. * is any run of characters, ? one code point, and a
	// backslash makes the character after it literal. GlobDash… lets each of the five dashes stand for all of them.
	Glob
	GlobFold
	GlobDash
	GlobDashFold

	// Expand: patterns as for Glob in which %name% stands for the text of that event field, taken literally.
	Expand
	ExpandFold

	// Regex: the operands are RE2 expressions, found anywhere in the text.
	Regex
	// CIDR: the operands are networks; the text must be an address inside.
	CIDR

	// Num…: the operands are Ints and Floats.
	NumEqual
	NumGreater
	NumGreaterEqual
	NumLess
	NumLessEqual

	// BoolEqual compares with Want.
	BoolEqual
	// IsNull holds if the field is missing or null.
	IsNull
	// Exists holds if the presence of the field equals Want.
	Exists

	// Ref…: the operands name other fields of the event.
	RefEqual
	RefEqualFold
	RefContains
	RefContainsFold
	RefPrefix
	RefPrefixFold
	RefSuffix
	RefSuffixFold

	// Time…: Part of the field, read as a timestamp, compared with Ints and Floats.
	TimeEqual
	TimeGreater
	TimeGreaterEqual
	TimeLess
	TimeLessEqual

	numOps
)

// Part is the part of a timestamp that a Time… operator compares.
type Part uint8

// The parts. Week is the ISO 8601 week.
const (
	PartInvalid Part = iota
	Minute
	Hour
	Day
	Week
	Month
	Year
)
