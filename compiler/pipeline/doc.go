// Package pipeline reads processing pipelines and applies them to typed Sigma documents, between package link and package
// lower: it renames fields, changes values, adds conditions and sets attributes. One transformation is one file (t_*.go) and
// one line of the registry. Pipelines are pure: Apply never changes the trees it is given, and nothing of a pipeline is left
// at event time. The package fetches nothing; values of dynamic sources are handed to it as plain data (Expand).
//
// The meaning of every construct is that of pipelines.md, whose section numbers the comments cite.
package pipeline
