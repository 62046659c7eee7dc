// Package sigma holds the trees of Sigma documents – detection rules, correlations and filters – and the parsers that make
// them out of YAML nodes (sigma-language.md sections 1, 3, 4, 10, 11, 12 and 14.1). It reads the shape of a document only:
// package modifier gives values their types, package link resolves references. A parsed tree is never changed.
package sigma
