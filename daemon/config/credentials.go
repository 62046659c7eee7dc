package config

import "strings"

// addressed are the settings whose values may be URLs of servers.
var addressed = map[string]bool{"daemon.input.source": true, "daemon.output.sinks": true, "daemon.output.dlq": true}

// holdsCredentials reports whether a value of key, as valueOf returns it, has a user, a password or a token in front of a host. Those are
// not accepted from a file.
//
// Source: daemon.md section 5, reliability.md T19.
func holdsCredentials(key *Key, value any) bool {
	if !addressed[key.Path] {
		return false
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, item := range list {
		text, _ := item.(string)
		_, rest, found := strings.Cut(text, "://")
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		if found && strings.Contains(rest[:end], "@") {
			return true
		}
	}
	return false
}
