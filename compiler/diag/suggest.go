package diag

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxSuggestLen is the length in characters above which no word is a typing error of another. It bounds the cost.
const maxSuggestLen = 128

// Suggest returns `did you mean "contains"?` for the word of known that is closest to word, or "" if none is close enough:
// a third of its length, or one, in letters inserted, left out, replaced or swapped. Letter case does not count. Of several
// equally close words the first in known wins. The text is meant for Diagnostic.Hint.
func Suggest(word string, known []string) string {
	n := utf8.RuneCountInString(word)
	if n > maxSuggestLen {
		return ""
	}
	folded := []rune(strings.ToLower(word))
	best, bestDistance := "", max(1, n/3)+1
	for _, k := range known {
		// A word of which nothing is left is no relation of the one that was written.
		if d := distance(folded, []rune(strings.ToLower(k)), bestDistance); d < min(bestDistance, n) && k != word {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance returns the edits that turn a into b (Damerau-Levenshtein, each place edited once), or limit if there are at
// least that many by length alone.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
