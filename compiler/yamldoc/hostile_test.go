package yamldoc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// hostile returns texts of about size bytes that are expensive for naive readers, with a code that must be among the
// reports ("" if any result will do).
func hostile(size int) map[string]struct {
	text string
	code diag.Code
} {
	type shape = struct {
		text string
		code diag.Code
	}
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (size-len(before)-len(after))/len(unit)) + after
	}
	count := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size-30; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	staircase := func(depth int, step string) string {
		var b strings.Builder
		for b.Len() < size-depth*(depth+len(step)) {
			for i := range depth {
				b.WriteString(strings.Repeat(" ", i) + step)
			}
		}
		return b.String()
	}
	return map[string]shape{
		"open lists":            {fill("", "[", ""), ""},
		"open mappings":         {fill("", "{", ""), ""},
		"keys in a row":         {fill("", "? ", ""), ""},
		"dashes in a row":       {fill("", "- ", ""), ""},
		"deep, then wide":       {fill(strings.Repeat("[", 9000), "a,", ""), ""},
		"flow mapping":          {fill("{", "a,", "}"), ""},
		"flow list":             {fill("[", "a, ", "]"), ""},
		"quoted keys":           {fill("{", "\"\":1,", "}"), ""},
		"pairs in a list":       {fill("[", "a: b,", "]"), ""},
		"lists in a list":       {fill("[", "[],", "]"), ""},
		"block list":            {fill("", "-\n", ""), ""},
		"block list of ones":    {fill("", "- 1\n", ""), ""},
		"nested block lists":    {fill("", "- - -\n", ""), ""},
		"same key":              {fill("", "a:\n", ""), ""},
		"distinct keys":         {count("k%d: 1\n"), ""},
		"anchors":               {count("- &a%d x\n"), ""},
		"aliases":               {fill("- &a x\n", "- *a\n", ""), ""},
		"empty documents":       {fill("", "---\n", ""), ""},
		"documents":             {fill("", "--- a\n", ""), ""},
		"documents that fail":   {fill("", "--- {a,a}\n", ""), ""},
		"comments":              {fill("", "#\n", ""), ""},
		"comments among items":  {fill("", "- #\n", ""), ""},
		"comments among keys":   {fill("", "a: b\n#\n", ""), ""},
		"comments below values": {fill("", "a:\n  b: c\n  # x\n\n", ""), ""},
		"steps":                 {staircase(60, "a:\n"), ""},
		"steps with comments":   {staircase(60, "a:\n#\n"), ""},
		"high steps":            {staircase(500, "a:\n"), ""},
		"many tag directives":   {count("%%TAG !a%d! b\n"), diag.CodeInvalidYAML},
		"some tag directives":   {fill(strings.Repeat("%TAG !a! b\n", 50), "- !a!x 1\n", ""), ""},
		"tags":                  {fill("", "- !a x\n", ""), ""},
		"octal":                 {fill("a: 0o", "7", ""), ""},
		"decimal":               {fill("a: 1", "7", ""), ""},
		"long key":              {fill("", "a", ": b"), diag.CodeInvalidYAML},
		"quoted text":           {fill("a: \"", "b\n ", "\""), ""},
		"unclosed quote":        {fill("a: \"", "b\n ", ""), diag.CodeInvalidYAML},
		"block scalar":          {fill("a: |\n", " b\n", ""), ""},
		"blank lines":           {fill("a:", " \n", "  b"), ""},
		"bad byte at the end":   {fill("", "- a b c\n", "\xff"), diag.CodeInvalidUTF8},
	}
}

func TestNoFileTakesLong(t *testing.T) {
	t.Parallel()
	size, limit := MaxFileSize, 20*time.Second // generous: the machine may be busy, and the race detector at work
	if testing.Short() {
		size = MaxFileSize / 32
	}
	for name, c := range hostile(size) {
		var log diag.List
		start := time.Now()
		Parse("f.yml", []byte(c.text), &log)
		took := time.Since(start)
		if took > limit {
			t.Errorf("%s: took %s", name, took)
		}
		if c.code != "" && !has(log.All(), c.code) {
			t.Errorf("%s: no %s among %d reports", name, c.code, log.Len())
		}
		t.Logf("%-22s %8d bytes %8s %7d reports", name, len(c.text), took.Round(time.Millisecond), log.Len())
	}
}

func has(ds []diag.Diagnostic, code diag.Code) bool {
	for _, d := range ds {
		if d.Code == code {
			return true
		}
	}
	return false
}
