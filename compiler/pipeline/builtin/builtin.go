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
