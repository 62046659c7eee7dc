package yamldoc

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// maxTagDirectives bounds the %TAG directives of a file: yaml.v3 compares each with all before it, so that 4 MiB of them
// take minutes. Rules have none.
const maxTagDirectives = 100

// precheck refuses what yaml.v3 would take too long for. It returns nil if src may be read.
func precheck(src []byte) *fault {
	if len(src) > MaxFileSize {
		msg := fmt.Sprintf("file too large: %d bytes, at most %d are allowed", len(src), MaxFileSize)
		return &fault{code: diag.CodeFileTooLarge, msg: msg}
	}
	if bytes.Count(src, []byte("%TAG")) > maxTagDirectives {
		return &fault{code: diag.CodeInvalidYAML, msg: "invalid yaml: too many %TAG directives"}
	}
	if offset := nodeLimitAt(src); offset >= 0 {
		msg := fmt.Sprintf("too many nodes: the file has more than about %d of them", maxNodes)
		return &fault{pos: position(src, offset), code: diag.CodeTooManyNodes, msg: msg}
	}
	return nil
}

// nodeLimitAt returns the offset at which the characters that separate nodes add up to more than maxNodes, or -1. yaml.v3
// builds a document as a whole before anyone can count its nodes, and spends a microsecond and 200 bytes on each. The
// count is an estimate: never much too low, and too high by up to a factor of three in flow collections or if a text is
// full of separators, which takes one in four characters of the largest file.
func nodeLimitAt(src []byte) int {
	nodes, comma := 0, 2
	for i, c := range src {
		switch c {
		case '[':
			nodes++
			comma = 1
		case '{':
			nodes++
			comma = 2 // a key and its value
		case ']', '}':
			comma = 2 // whatever the next one separates
		case ',':
			nodes += comma
		case '-':
			nodes += separator(src, i, 1)
			if bytes.HasSuffix(src[:i], []byte("\n--")) {
				nodes += 2 // a document has its own cost
			}
		case '?':
			nodes += separator(src, i, 1)
		case '#':
			nodes++ // a comment; attaching it to a node costs as much as one
		case ':':
			nodes += separator(src, i, 2)
		}
		if nodes > maxNodes {
			return i
		}
	}
	return -1
}

// separator returns weight if the indicator at src[i] can separate nodes, else 0. In front of most characters it is an
// ordinary part of a plain scalar; a colon behind a quoted key never is.
func separator(src []byte, i, weight int) int {
	if i+1 == len(src) || bytes.IndexByte([]byte(" \t\r\n,[]{}"), src[i+1]) >= 0 {
		return weight
	}
	if src[i] == ':' && i > 0 && (src[i-1] == '"' || src[i-1] == '\'') {
		return weight
	}
	return 0
}

// readable returns src up to the first character that YAML does not allow, and a fault if there is one. yaml.v3 notices
// them too, but reads ahead and so loses documents that end before.
func readable(src []byte) ([]byte, *fault) {
	for i := 0; i < len(src); {
		if c := src[i]; c >= ' ' && c < 0x7f || c == '\n' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return src[:i], invalidUTF8(src, i)
		case !isAllowed(r):
			msg := fmt.Sprintf("invalid yaml: the character %U is not allowed in YAML", r)
			return src[:i], &fault{pos: position(src, i), code: diag.CodeInvalidYAML, msg: msg}
		}
		i += n
	}
	return src, nil
}

// isAllowed reports whether r may stand in a YAML file.
func isAllowed(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	default:
		return r >= ' ' && r < 0x7f || r >= 0xa0 && r != 0xfffe && r != 0xffff
	}
}

// invalidUTF8 describes the byte at offset. Its message also holds the phrase for any file that is not YAML.
func invalidUTF8(src []byte, offset int) *fault {
	f := &fault{
		pos:  position(src, offset),
		code: diag.CodeInvalidUTF8,
		msg:  fmt.Sprintf("invalid yaml: invalid UTF-8: the byte 0x%02x at offset %d", src[offset], offset),
		hint: "save the file as UTF-8",
	}
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		f.hint = "the file is UTF-16; save it as UTF-8"
	}
	return f
}

// position returns the line and column of the byte at offset.
func position(src []byte, offset int) diag.Pos {
	before := src[:offset]
	line := 1 + bytes.Count(before, []byte("\n")) + bytes.Count(before, []byte("\r")) - bytes.Count(before, []byte("\r\n"))
	start := bytes.LastIndexAny(before, "\r\n") + 1
	return diag.Pos{Line: line, Col: 1 + utf8.RuneCount(before[start:])}
}
