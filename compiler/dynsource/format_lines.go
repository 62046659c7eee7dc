package dynsource

import "strings"

// parseLines gives the lines that are neither blank nor comments, without blanks around them.
func parseLines(data []byte) (any, error) {
	out := []any{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\r", ""))
		if line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out, nil
}
