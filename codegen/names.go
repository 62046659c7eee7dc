package codegen

import (
	"crypto/sha256"
	"encoding/hex"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// Parts of a name are joined by two underscores: rule, selection, field. A part itself holds no two in a row and none at
// either end, so that no two lists of parts give the same name.
const sep = "__"

// maxPart is the longest part of a name that is used as it is: file systems allow 255 bytes, readers less.
const maxPart = 120

// Names that are taken. reservedParts are not used for any part of a name, reservedRules not for rules, whose names stand
// alone, and reservedDirs not for packages: the go command gives some of them a meaning, Windows others.
var (
	reservedParts = []string{"init", "main", "rtlib", "correlate"}
	reservedRules = []string{"Rules", "rules", "Correlations"}
	reservedDirs  = []string{"internal", "vendor", "testdata", "err", "con", "prn", "aux", "nul",
		"com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
		"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}
)

// fieldPrefix begins the names of field constants, and of nothing else.
const fieldPrefix = "f_"

// namePart returns s as part of a name: s itself if it can be, else what is left of it and four digits of its hash. It depends
// on s alone, and so does every name that is made of it, unless two of them clash.
func namePart(s string) string {
	if isPart(s) {
		return s
	}
	return clean(s) + "_" + hash(s, 4)
}

// ruleName returns the name of the rules of a file with that base name.
func ruleName(base string) string {
	name := namePart(base)
	switch {
	case strings.HasPrefix(name, fieldPrefix) || isDigit(name[0]):
		return "r_" + clean(base) + "_" + hash(base, 4)
	case slices.Contains(reservedRules, name) || types.Universe.Lookup(name) != nil:
		return name + "_" + hash(base, 4)
	default:
		return name
	}
}

// selectionName returns the name of a selection. "rule" is taken by the rule's own variable.
func selectionName(s string) string {
	if s == "rule" {
		return s + "_" + hash(s, 4)
	}
	return namePart(s)
}

// dirName returns a path segment as the name of a package directory: lower case, [a-z0-9_].
func dirName(segment string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case r < 0x80 && isWord(byte(r)):
			return r
		default:
			return '_'
		}
	}, segment)
	if len(name) > maxPart {
		name = name[:maxPart]
	}
	if name == "" || isDigit(name[0]) || name[0] == '_' || token.IsKeyword(name) || types.Universe.Lookup(name) != nil ||
		slices.Contains(reservedParts, name) || slices.Contains(reservedDirs, name) {
		return "r_" + name
	}
	return name
}

func isPart(s string) bool {
	if s == "" || len(s) > maxPart || isDigit(s[0]) || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, sep) {
		return false
	}
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return !token.IsKeyword(s) && !slices.Contains(reservedParts, s)
}

// clean reduces s to runs of letters and digits joined by single underscores. The result is never empty.
func clean(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r >= 0x80 || r == '_' || !isWord(byte(r)) })
	out := strings.Join(words, "_")
	if len(out) > maxPart {
		out = strings.TrimRight(out[:maxPart], "_")
	}
	if out == "" {
		return "x"
	}
	return out
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hash returns the first digits of the hash of s, in hexadecimal.
func hash(s string, digits int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:digits]
}

// distinct returns names with those that clash told apart by a hash of their keys, whatever their order. Names clash if they
// are equal under fold. Only things that share a key are told apart by their order.
func distinct(names, keys []string, fold func(string) string) []string {
	out, keys := slices.Clone(names), numberRepeats(keys)
	for _, digits := range []int{4, 8, 16, 64} {
		users := map[string]int{}
		for _, name := range out {
			users[fold(name)]++
		}
		if len(users) == len(out) {
			break
		}
		for i, name := range out {
			if users[fold(name)] > 1 {
				out[i] = names[i] + "_" + hash(keys[i], digits)
			}
		}
	}
	return out
}

// numberRepeats returns keys with an ordinal appended to the second and later occurrences of a key.
func numberRepeats(keys []string) []string {
	out := slices.Clone(keys)
	seen := map[string]int{}
	for i, k := range keys {
		if seen[k]++; seen[k] > 1 {
			out[i] += "\x00" + strconv.Itoa(seen[k])
		}
	}
	return out
}

func exactly(s string) string { return s }
