package rtlib

// Kind is the class of an event value (sigma-language.md section 6.1).
type Kind uint8

// The kinds of value. A JSON number is an Int if it is written without fraction and exponent and fits int64, else a Float.
const (
	Missing Kind = iota
	Null
	Bool
	Int
	Float
	String
	Array
	Object
)

// HasText reports whether values of kind k have a text form.
func (k Kind) HasText() bool { return k >= Bool && k <= String }

// Value is what a field holds in one event. Its strings point into the memory of the Event and are valid until the event is
// reset.
type Value struct {
	Kind Kind
	// Text is the text form of a scalar (section 6.2), "" for the rest.
	Text string
	// Fold is Text after Unicode simple case folding as Fold does it; equal to Text where nothing folds.
	Fold string
	// Raw is the JSON source of the value, "" if there is none (key-value formats, or a value collected from several
	// places).
	Raw string

	n           int32 // how many values were collected: 0 missing, 1 this one, more: an array of them
	first, last int32 // Array: chain of flattened scalar elements in Event.elems, 1-based, 0 = none
	next        int32 // element: its successor in the chain
}
