// Package builtin holds the text of the pipelines that are part of the program, one file for each. They are ordinary
// pipeline documents; package pipeline parses them like any other.
package builtin

import (
	"embed"
	"strings"
)

//go:embed *.yml
var files embed.FS

// Source returns the YAML text of the built-in pipeline called name.
func Source(name string) ([]byte, bool) {
	src, err := files.ReadFile(name + ".yml")
	return src, err == nil
}

// Names returns the names of the built-in pipelines, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded directory is always readable
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yml"))
	}
	return names
}

// Summary says in a few words what events the pipeline called name is for: the beginning of the comment at its top, up to the
// first colon or full stop. It is empty if there is no such pipeline.
func Summary(name string) string {
	src, _ := Source(name)
	var words []string
	for line := range strings.Lines(string(src)) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	text := strings.Join(words, " ")
	for _, end := range []string{": ", ". "} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSuffix(text, ".")
}
