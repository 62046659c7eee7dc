// Package rulefmt lays rule files out in one way: the order of keys, indentation, blanks. It moves lines and changes blanks; it never prints
// a value anew, so comments, quotes and block scalars stay. What it makes is compared with what there was before it is returned. Its
// caller is the command line.
package rulefmt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// ErrLayout says that a file is laid out in a way that Format leaves alone, such as anchors that would have to move behind their aliases.
var ErrLayout = errors.New("this layout is left as it is")

// Format returns src in the canonical layout; a file without a rule as it is. An error says why src is returned as it is: it is no YAML, or, as ErrLayout, Format could
// not keep what it holds. Format(Format(x)) is Format(x).
func Format(name string, src []byte) ([]byte, error) {
	out := src
	for range maxRounds {
		made, err := once(name, out)
		if err != nil {
			return src, err
		}
		if bytes.Equal(made, out) {
			return out, nil
		}
		out = made
	}
	return src, fmt.Errorf("%s: %w: it does not come to rest", name, ErrLayout)
}

// maxRounds is how often a file is laid out until nothing changes. Twice is enough for all but odd mixtures of comments and blank lines.
const maxRounds = 5

// once lays a file out.
func once(name string, src []byte) ([]byte, error) {
	before, err := parse(name, src)
	if err != nil {
		return src, err
	}
	if !slices.ContainsFunc(before, func(d *yamldoc.Document) bool { return isRule(d.Root) }) {
		return src, nil // a file of tests, or nothing
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n")
	if strings.Contains(text, "\r") {
		return src, fmt.Errorf("%s: %w: carriage returns alone", name, ErrLayout)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var out []string
	for _, r := range regions(lines) {
		if r.separator >= 0 {
			out = append(out, strings.TrimRight(lines[r.separator], " \t"))
		}
		root := r.root(before)
		switch {
		case root == nil:
			out = append(out, tidy(lines[r.from:r.to])...)
		case !isRule(root) || root.Pairs[0].KeyPos.Col != 1 || !isBlock(lines, root):
			out = append(out, lines[r.from:r.to]...)
		default:
			p := &page{lines: lines, from: r.from, to: r.to, state: map[int]*state{}}
			out = append(out, p.format(root)...)
		}
	}
	made := []byte(strings.Join(out, "\n") + "\n")
	if len(out) == 0 || len(bytes.TrimSpace(made)) == 0 {
		made = nil
	}
	if err := compare(name, before, lines, made); err != nil {
		return src, err
	}
	return made, nil
}

// isRule reports whether root is a rule, correlation, filter or collection action.
func isRule(root *yamldoc.Node) bool {
	return slices.ContainsFunc([]string{"detection", "correlation", "filter", "action"}, func(key string) bool { return root.Get(key) != nil })
}

func parse(name string, src []byte) ([]*yamldoc.Document, error) {
	var log diag.List
	docs := yamldoc.Parse(name, src, &log)
	if log.Errors() > 0 {
		return nil, errors.New(log.Sorted()[0].String())
	}
	return docs, nil
}

// region is the lines of one document, from up to to, behind the line of its separator (-1: none).
type region struct{ separator, from, to int }

// regions cuts lines at the separators of documents.
func regions(lines []string) []region {
	out := []region{{-1, 0, len(lines)}}
	for i, l := range lines {
		if l == "---" || strings.HasPrefix(l, "--- ") || strings.HasPrefix(l, "---\t") {
			out[len(out)-1].to = i
			out = append(out, region{i, i + 1, len(lines)})
		}
	}
	if out[0].from == out[0].to {
		out = out[1:]
	}
	return out
}

// root returns the node of the document in r, or nil.
func (r region) root(docs []*yamldoc.Document) *yamldoc.Node {
	for _, d := range docs {
		if d.Root != nil && d.Root.Pos.Line > r.from && d.Root.Pos.Line <= r.to && !(d.Root.Kind == yamldoc.KindMapping && len(d.Root.Pairs) == 0) {
			return d.Root
		}
	}
	return nil
}

// isBlock reports whether the mapping or list n is written in lines, not in brackets.
func isBlock(lines []string, n *yamldoc.Node) bool {
	runes := []rune(lines[n.Pos.Line-1])
	return !n.IsScalar() && n.Pos.Col <= len(runes) && runes[n.Pos.Col-1] != '{' && runes[n.Pos.Col-1] != '['
}

// tidy drops blanks at the ends of lines, and blank lines at the ends and in rows.
func tidy(lines []string) []string {
	var out []string
	for _, l := range lines {
		l = strings.TrimRight(l, " \t")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// compare makes sure that made holds what the documents before hold: the same values, and the same words in its lines.
func compare(name string, before []*yamldoc.Document, lines []string, made []byte) error {
	after, err := parse(name, made)
	if err != nil {
		return fmt.Errorf("%s: %w", name, ErrLayout)
	}
	if before, after := values(before), values(after); !slices.Equal(before, after) {
		return fmt.Errorf("%s: %w", name, ErrLayout)
	}
	if !slices.Equal(words(lines), words(strings.Split(string(made), "\n"))) {
		return fmt.Errorf("%s: %w", name, ErrLayout)
	}
	return nil
}

// values describes the documents, the order of reordered keys apart.
func values(docs []*yamldoc.Document) []string {
	var out []string
	for _, d := range docs {
		if d.Root != nil {
			out = append(out, describe(d.Root, ""))
		}
	}
	return out
}

func describe(n *yamldoc.Node, key string) string {
	var parts []string
	for _, p := range n.Pairs {
		parts = append(parts, fmt.Sprintf("%q:%s", p.Key, describe(p.Value, childOrder(key, p.Key))))
	}
	if orders[key] != nil {
		slices.Sort(parts)
	}
	for _, item := range n.Items {
		parts = append(parts, describe(item, "none"))
	}
	return fmt.Sprintf("%d %q %t[%s]", n.Kind, n.Text, n.Block, strings.Join(parts, ","))
}

// words returns the lines without blanks, sorted: what must neither go nor come.
func words(lines []string) []string {
	var out []string
	for _, l := range lines {
		if w := strings.Join(strings.Fields(l), ""); w != "" && w != "\ufeff" {
			out = append(out, strings.TrimPrefix(w, "\ufeff"))
		}
	}
	slices.Sort(out)
	return out
}
