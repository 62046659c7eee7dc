// Package modifier gives the values of a Sigma document their types: it applies the field modifiers of sigma-language.md
// section 8 to the raw values that package sigma has read, and reports combinations and values that are not allowed. After it
// no stage needs to know a modifier by name. It also reads and writes the text of patterns (section 5.1), for pipelines. It
// takes no decision about matching; that is package lower's.
package modifier
