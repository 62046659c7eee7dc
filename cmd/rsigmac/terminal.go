package main

import (
	"os"

	"github.com/mattn/go-isatty"
)

// useColor reports whether f is a terminal whose user has not asked for plain text (https://no-color.org).
func useColor(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isatty.IsTerminal(f.Fd())
}
