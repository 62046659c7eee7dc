package modifier

import "strings"

// conflict says why two modifiers, in written order, cannot be combined (section 8.1). It returns "" if they can.
func conflict(first, second *definition) string {
	if reason := sameFamily(first, second); reason != "" {
		return reason
	}
	if reason := oneWay(first, second); reason != "" {
		return reason
	}
	return oneWay(second, first)
}

// isOperator reports whether d is an operator, comparisons included.
func (d *definition) isOperator() bool {
	return d.family == familyOperator || d.family == familyCompare
}

// isUTF16 reports whether d changes the character set.
func (d *definition) isUTF16() bool {
	return d.name == "wide" || d.name == "utf16" || d.name == "utf16be"
}

// sameFamily judges modifiers that exclude their own kind.
func sameFamily(first, second *definition) string {
	switch {
	case first.isOperator() && second.isOperator():
		return "an item has one operator"
	case first.family == familyTimePart && second.family == familyTimePart:
		return "an item looks at one part of a time"
	case first.family == familyEncoding && second.family == familyEncoding:
		return encodings(first, second)
	}
	return ""
}

// encodings judges two encodings; their order counts.
func encodings(first, second *definition) string {
	base64 := strings.HasPrefix(first.name, "base64")
	switch {
	case first.name == "windash" || second.name == "windash":
		return "windash cannot be combined with another encoding"
	case first.isUTF16() && second.isUTF16():
		return "text is encoded in one character set"
	case base64 && strings.HasPrefix(second.name, "base64"):
		return "a value is encoded once"
	case base64:
		return "the character set must stand before base64"
	}
	return ""
}

// oneWay judges d against other by what d forbids.
func oneWay(d, other *definition) string {
	switch {
	case d.name == "exists":
		return "exists stands alone"
	case d.family == familyTimePart && other.family == familyOperator:
		return "a part of a time can be compared with gt, gte, lt and lte only"
	case d.family == familyReference && (other.family == familyTimePart || other.isOperator() && !isAffix(other.name)):
		return "fieldref can be combined with contains, startswith and endswith only"
	case d.family == familyEncoding && !encodable(other):
		return "an encoding needs a text to search for"
	case d.family == familyPlaceholder && !expandable(other):
		return "placeholders can stand in texts only"
	}
	return ""
}

// encodable reports whether values under d can be encoded.
func encodable(d *definition) bool {
	return !(d.isOperator() && !isAffix(d.name)) && d.family != familyTimePart && d.family != familyReference
}

// expandable reports whether values under d can have placeholders.
func expandable(d *definition) bool {
	return d.family != familyCompare && d.family != familyTimePart && d.family != familyReference && d.name != "exists"
}
