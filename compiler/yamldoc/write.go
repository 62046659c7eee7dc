package yamldoc

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// writeIndent is the indentation of what Write writes, in blanks.
const writeIndent = 4

// plainText is text that nobody could read as anything else: words in which no character means something in YAML where it
// stands, and UUIDs.
var plainText = regexp.MustCompile("^(" +
	"[A-Za-z_]" + plainWord + "*( " + plainWord + "+)*" +
	"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")

const plainWord = `([A-Za-z0-9_./()|*,;%+'=&?@!<>-]|://)`

// oldBool is text that is a boolean for programs that still read YAML 1.1.
var oldBool = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off)$`)

// Write renders n as one YAML document. Parse makes an equal tree of it, positions apart: strings are quoted where they could
// be read as another type, doubles keep a fraction. Comments are cut into lines and stripped of characters that do not print.
// The error says that a text is not UTF-8.
func Write(n *Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(writeIndent)
	if err := enc.Encode(yamlNode(n)); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), nil
}

// yamlNode returns n as a tree of yaml.v3.
func yamlNode(n *Node) *yaml.Node {
	out := &yaml.Node{HeadComment: commentLines(n.Comment)}
	switch n.Kind {
	case KindMapping:
		out.Kind, out.Tag = yaml.MappingNode, "!!map"
		for _, p := range n.Pairs {
			key, value := stringNode(p.Key), yamlNode(p.Value)
			key.HeadComment, value.HeadComment = value.HeadComment, ""
			out.Content = append(out.Content, key, value)
		}
	case KindSequence:
		out.Kind, out.Tag = yaml.SequenceNode, "!!seq"
		for _, item := range n.Items {
			out.Content = append(out.Content, yamlNode(item))
		}
	default:
		scalar := scalarNode(n)
		scalar.HeadComment = out.HeadComment
		return scalar
	}
	return out
}

func scalarNode(n *Node) *yaml.Node {
	plain := func(tag, text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text} }
	switch n.Kind {
	case KindBool:
		return plain("!!bool", strconv.FormatBool(n.Bool))
	case KindInt:
		return plain("!!int", strconv.FormatInt(n.Int, 10))
	case KindFloat:
		return plain("!!float", floatText(n.Float))
	case KindString:
		return stringNode(n.Text)
	default:
		return plain("!!null", "null")
	}
}

// floatText writes f so that it is read back as a double.
func floatText(f float64) string {
	s := strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64))
	switch {
	case strings.HasSuffix(s, "inf"):
		return strings.TrimPrefix(strings.Replace(s, "inf", ".inf", 1), "+")
	case s == "nan":
		return ".nan"
	case !strings.ContainsAny(s, ".e"):
		return s + ".0"
	default:
		return s
	}
}

// stringNode writes text plain if it is plain, several lines as a block, and anything odd in double quotes, where it is
// escaped.
func stringNode(text string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
	typed := &Node{Text: text}
	if text != "" {
		resolve(typed)
	}
	switch {
	case plainText.MatchString(text) && typed.Kind == KindString && !oldBool.MatchString(text):
		out.Style = 0
	case isPrintable(text):
		out.Style = yaml.SingleQuotedStyle
	case isBlock(text):
		out.Style = yaml.LiteralStyle
	}
	return out
}

func isPrintable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}

// isBlock reports whether text reads well, and is read back, as a literal block.
func isBlock(text string) bool {
	body := strings.TrimSuffix(text, "\n")
	if strings.TrimSpace(body) == "" || body != strings.Trim(body, " \n") {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if !isPrintable(line) || strings.HasSuffix(line, " ") {
			return false
		}
	}
	return true
}

// commentLines makes a comment of text, whatever it holds.
func commentLines(text string) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return unicode.ReplacementChar
			}
			return r
		}, line)
		lines[i] = strings.TrimRight("# "+line, " ")
	}
	return strings.Join(lines, "\n")
}
