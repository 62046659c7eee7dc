package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// params reads the parameters of one item, condition, postprocessing step or finalizer. A key that nobody asks for is
// unknown; finish reports it. A null counts as absent except where a value may be null.
type params struct {
	*parser
	node  *yamldoc.Node // a mapping
	where string
	asked []string
}

// value returns the parameter name, or nil if it is not there.
func (a *params) value(name string) *yamldoc.Node {
	a.asked = append(a.asked, name)
	return a.node.Get(name)
}

// optional returns the parameter name, or nil if it is absent or null.
func (a *params) optional(name string) *yamldoc.Node {
	n := a.value(name)
	if n != nil && n.Kind == yamldoc.KindNull {
		return nil
	}
	return n
}

// required returns the parameter name and reports it if it is not there.
func (a *params) required(name string) *yamldoc.Node {
	n := a.value(name)
	if n == nil {
		a.errorf(a.node.Pos, CodeMissingParameter, a.where, "missing parameter '%s'", name)
	}
	return n
}

// renamed accepts the parameter name under a spelling that is not standard.
func (a *params) renamed(name, other string) string {
	if n := a.node.Get(other); n != nil && a.node.Get(name) == nil {
		a.compatible(n.Pos, a.where, "parameter '"+other+"'", "'"+name+"'")
		a.asked = append(a.asked, name)
		return other
	}
	return name
}

// invalid reports that the parameter name has the unusable value n.
func (a *params) invalid(n *yamldoc.Node, name, format string, args ...any) *diag.Diagnostic {
	return a.errorf(n.Pos, CodeInvalidValue, a.where, "invalid value of '"+name+"': "+format, args...)
}

// finish reports the parameters that nobody asked for.
func (a *params) finish() {
	for _, pair := range a.node.Pairs {
		if !slices.Contains(a.asked, pair.Key) {
			a.errorf(pair.KeyPos, CodeUnknownParameter, a.where, "unknown parameter '%s'", pair.Key).Hint = diag.Suggest(pair.Key, a.asked)
		}
	}
}

// text reads an optional string; def stands for an absent one.
func (a *params) text(name, def string) string {
	if n := a.optional(name); n != nil {
		return a.asText(n, name)
	}
	return def
}

// requiredText reads a string that must be there. It may be empty.
func (a *params) requiredText(name string) string {
	if n := a.required(name); n != nil {
		return a.asText(n, name)
	}
	return ""
}

// asText checks that n is a string.
func (a *params) asText(n *yamldoc.Node, name string) string {
	if n.Kind != yamldoc.KindString {
		a.invalid(n, name, "expected a string, not a %s", n.Kind)
	}
	return n.Text
}

// flag reads an optional boolean.
func (a *params) flag(name string) bool {
	n := a.optional(name)
	if n == nil {
		return false
	}
	if n.Kind != yamldoc.KindBool {
		a.invalid(n, name, "expected true or false, not a %s", n.Kind)
	}
	return n.Bool
}

// choice reads an optional word out of words, of which the first is the default. what names the fault in messages.
func (a *params) choice(name, what string, words ...string) string {
	n := a.value(name)
	if n == nil {
		return words[0]
	}
	if n.Kind != yamldoc.KindString || !slices.Contains(words, n.Text) {
		a.errorf(n.Pos, CodeInvalidValue, a.where, "%s '%s': '%s' must be %s", what, n.Text, name, quote(words)).Hint = diag.Suggest(n.Text, words)
	}
	return n.Text
}

// texts reads an optional string or list of strings.
func (a *params) texts(name string) []string { return a.asTexts(a.optional(name), name) }

// requiredTexts reads a string or list of strings that must be there.
func (a *params) requiredTexts(name string) []string { return a.asTexts(a.required(name), name) }

func (a *params) asTexts(n *yamldoc.Node, name string) []string {
	if n == nil {
		return nil
	}
	var out []string
	for _, item := range listOf(n) {
		out = append(out, a.asText(item, name))
	}
	return out
}

// list reads a list of strings that must be there and must be a list.
func (a *params) list(name string) []string {
	n := a.required(name)
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindSequence {
		a.errorf(n.Pos, CodeNotAList, a.where, "'%s' must be a list, not a %s", name, n.Kind)
		return nil
	}
	return a.asTexts(n, name)
}

// mapping reads an optional mapping with any values. It returns nil after an error.
func (a *params) mapping(n *yamldoc.Node, name string) []yamldoc.Pair {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindMapping {
		a.errorf(n.Pos, CodeNotAMapping, a.where, "'%s' must be a mapping, not a %s", name, n.Kind)
		return nil
	}
	return n.Pairs
}

// target is one entry of a mapping from names to names.
type target struct {
	key  string
	null bool // the key is null: keyword items
	to   []string
}

// targets reads a mapping from text to text or a list of texts. Empty lists are refused unless emptyLists.
func (a *params) targets(name string, n *yamldoc.Node, emptyLists bool) []target {
	var out []target
	for _, pair := range a.mapping(n, name) {
		t := target{key: pair.Key, null: isNullKey(pair)}
		if pair.Value.Kind == yamldoc.KindSequence && len(pair.Value.Items) == 0 && !emptyLists {
			a.invalid(pair.Value, name, "the list of targets of '%s' is empty", pair.Key)
		}
		for _, item := range listOf(pair.Value) {
			if item.Kind != yamldoc.KindString {
				a.invalid(item, name, "a target must be a string, not a %s", item.Kind)
			}
			t.to = append(t.to, item.Text)
		}
		out = append(out, t)
	}
	return out
}
