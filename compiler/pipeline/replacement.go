package pipeline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// replacementPart is a text or, unless it is negative, a group of the match.
type replacementPart struct {
	text  string
	group int
}

// dollarReference finds what other dialects take for a reference to a group.
var dollarReference = regexp.MustCompile(`\$([0-9]|\{[A-Za-z0-9_]+\})`)

// parseReplacement reads a replacement text (section 7.12): \1 to \99, \g<number>, \g<name>, and escapes. Everything else,
// dollar signs included, is literal.
func parseReplacement(text string, pattern *regexp.Regexp) ([]replacementPart, error) {
	var out []replacementPart
	for text != "" {
		before, after, found := strings.Cut(text, `\`)
		out = append(out, replacementPart{before, -1})
		if !found {
			break
		}
		part, rest, err := parseEscape(after, pattern)
		if err != nil {
			return nil, err
		}
		out = append(out, part)
		text = rest
	}
	return out, nil
}

// replacementEscapes are the escapes that stand for another character.
var replacementEscapes = map[byte]string{'\\': `\`, 'n': "\n", 't': "\t", 'r': "\r"}

// parseEscape reads what follows a backslash.
func parseEscape(text string, pattern *regexp.Regexp) (replacementPart, string, error) {
	if text == "" {
		return replacementPart{}, "", fmt.Errorf("a backslash at the end escapes nothing")
	}
	c := text[0]
	switch {
	case replacementEscapes[c] != "":
		return replacementPart{replacementEscapes[c], -1}, text[1:], nil
	case c >= '1' && c <= '9':
		end := 1
		if len(text) > 1 && text[1] >= '0' && text[1] <= '9' {
			end = 2
		}
		part, err := groupPart(text[:end], pattern)
		return part, text[end:], err
	case strings.HasPrefix(text, "g<"):
		name, rest, ok := strings.Cut(text[2:], ">")
		if !ok {
			return replacementPart{}, "", fmt.Errorf(`missing '>' after '\g<'`)
		}
		part, err := groupPart(name, pattern)
		return part, rest, err
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '0':
		return replacementPart{}, "", fmt.Errorf(`unknown escape '\%c'`, c)
	}
	return replacementPart{`\`, -1}, text, nil
}

// groupPart returns the group with a number or name.
func groupPart(name string, pattern *regexp.Regexp) (replacementPart, error) {
	group := pattern.SubexpIndex(name)
	if n, err := strconv.ParseUint(name, 10, 8); err == nil {
		group = int(n)
	}
	if group < 0 || group > pattern.NumSubexp() {
		return replacementPart{}, fmt.Errorf("the pattern has no group '%s'", name)
	}
	return replacementPart{"", group}, nil
}
