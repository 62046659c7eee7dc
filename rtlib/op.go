package rtlib

import "strconv"

// Operands says which of the operand lists of a Pred an operator reads.
type Operands uint8

// The operand lists: none; Strings; Ints and Floats together; Want.
const (
	OperandsNone Operands = iota
	OperandsStrings
	OperandsNumbers
	OperandsWant
)

// letterCase says how an operator treats the case of letters.
type letterCase uint8

const (
	caseless letterCase = iota // the operator does not compare letters, or its pattern says how
	exactCase
	foldedCase
)

type opInfo struct {
	name     string
	matcher  string // the name in match details, daemon.md section 14.2
	letters  letterCase
	operands Operands
}

var opTable = [numOps]opInfo{
	OpInvalid:        {"OpInvalid", "", caseless, OperandsNone},
	Equal:            {"Equal", "exact", exactCase, OperandsStrings},
	EqualFold:        {"EqualFold", "exact", foldedCase, OperandsStrings},
	Prefix:           {"Prefix", "startswith", exactCase, OperandsStrings},
	PrefixFold:       {"PrefixFold", "startswith", foldedCase, OperandsStrings},
	Suffix:           {"Suffix", "endswith", exactCase, OperandsStrings},
	SuffixFold:       {"SuffixFold", "endswith", foldedCase, OperandsStrings},
	Contains:         {"Contains", "contains", exactCase, OperandsStrings},
	ContainsFold:     {"ContainsFold", "contains", foldedCase, OperandsStrings},
	Glob:             {"Glob", "exact", exactCase, OperandsStrings},
	GlobFold:         {"GlobFold", "exact", foldedCase, OperandsStrings},
	GlobDash:         {"GlobDash", "exact", exactCase, OperandsStrings},
	GlobDashFold:     {"GlobDashFold", "exact", foldedCase, OperandsStrings},
	Expand:           {"Expand", "expand", exactCase, OperandsStrings},
	ExpandFold:       {"ExpandFold", "expand", foldedCase, OperandsStrings},
	Regex:            {"Regex", "regex", caseless, OperandsStrings},
	CIDR:             {"CIDR", "cidr", caseless, OperandsStrings},
	NumEqual:         {"NumEqual", "numeric", caseless, OperandsNumbers},
	NumGreater:       {"NumGreater", "numeric", caseless, OperandsNumbers},
	NumGreaterEqual:  {"NumGreaterEqual", "numeric", caseless, OperandsNumbers},
	NumLess:          {"NumLess", "numeric", caseless, OperandsNumbers},
	NumLessEqual:     {"NumLessEqual", "numeric", caseless, OperandsNumbers},
	BoolEqual:        {"BoolEqual", "bool", caseless, OperandsWant},
	IsNull:           {"IsNull", "null", caseless, OperandsNone},
	Exists:           {"Exists", "exists", caseless, OperandsWant},
	RefEqual:         {"RefEqual", "fieldref", exactCase, OperandsStrings},
	RefEqualFold:     {"RefEqualFold", "fieldref", foldedCase, OperandsStrings},
	RefContains:      {"RefContains", "fieldref", exactCase, OperandsStrings},
	RefContainsFold:  {"RefContainsFold", "fieldref", foldedCase, OperandsStrings},
	RefPrefix:        {"RefPrefix", "fieldref", exactCase, OperandsStrings},
	RefPrefixFold:    {"RefPrefixFold", "fieldref", foldedCase, OperandsStrings},
	RefSuffix:        {"RefSuffix", "fieldref", exactCase, OperandsStrings},
	RefSuffixFold:    {"RefSuffixFold", "fieldref", foldedCase, OperandsStrings},
	TimeEqual:        {"TimeEqual", "timestamp", caseless, OperandsNumbers},
	TimeGreater:      {"TimeGreater", "timestamp", caseless, OperandsNumbers},
	TimeGreaterEqual: {"TimeGreaterEqual", "timestamp", caseless, OperandsNumbers},
	TimeLess:         {"TimeLess", "timestamp", caseless, OperandsNumbers},
	TimeLessEqual:    {"TimeLessEqual", "timestamp", caseless, OperandsNumbers},
}

// Ops returns all operators, in the order of their numbers. The caller owns the slice.
func Ops() []Op {
	ops := make([]Op, 0, numOps-1)
	for o := OpInvalid + 1; o < numOps; o++ {
		ops = append(ops, o)
	}
	return ops
}

// String returns the name of the Go constant: "SuffixFold".
func (o Op) String() string {
	if o >= numOps {
		return "Op(" + strconv.Itoa(int(o)) + ")"
	}
	return opTable[o].name
}

// Operands returns which operands o reads.
func (o Op) Operands() Operands { return o.info().operands }

// IsFold reports whether o ignores letter case.
func (o Op) IsFold() bool { return o.info().letters == foldedCase }

// Matcher returns the name of o in match details: "endswith". Several operands and wildcards refine it, see
// Rule.Explain.
//
// Source: daemon.md section 14.2.
func (o Op) Matcher() string { return o.info().matcher }

func (o Op) info() *opInfo {
	if o >= numOps {
		o = OpInvalid
	}
	return &opTable[o]
}

var partNames = [...]string{"PartInvalid", "Minute", "Hour", "Day", "Week", "Month", "Year"}

// String returns the name of the Go constant: "Minute".
func (p Part) String() string {
	if int(p) >= len(partNames) {
		return "Part(" + strconv.Itoa(int(p)) + ")"
	}
	return partNames[p]
}

var quantNames = [...]string{"QuantInvalid", "EachAny", "EachAll", "EachAllOrEmpty", "EachNone", "EachOne"}

// String returns the name of the Go constant: "EachAny".
func (q Quant) String() string {
	if int(q) >= len(quantNames) {
		return "Quant(" + strconv.Itoa(int(q)) + ")"
	}
	return quantNames[q]
}
