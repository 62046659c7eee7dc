package conformance

import (
	"math"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// codeTestFile is reported for a test file that does not follow the format.
const codeTestFile diag.Code = "invalid-test-file"

// Codes returns the codes that this package reports. The slice is the caller's own.
func Codes() []diag.Info {
	return []diag.Info{{
		Code: codeTestFile, Severity: diag.SeverityError, Doc: "A rule test file does not follow the format of test files.",
	}}
}

// reader reads one test file. Its methods report what is wrong with a node and return the zero value for it, so that one run
// shows every fault of a file.
type reader struct {
	log *diag.List
}

func (r *reader) errorf(n *yamldoc.Node, format string, args ...any) {
	r.log.Errorf(n.Pos, codeTestFile, "invalid test file: "+format, args...)
}

// keys checks that n is a mapping without keys other than allowed. what names n in messages.
func (r *reader) keys(n *yamldoc.Node, what string, allowed ...string) bool {
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n, "%s must be a mapping, not a %s", what, n.Kind)
		return false
	}
	for _, p := range n.Pairs {
		if slices.Contains(allowed, p.Key) {
			continue
		}
		d := r.log.Errorf(p.KeyPos, codeTestFile, "invalid test file: unknown key %q in %s", p.Key, what)
		d.Hint = "known keys: " + strings.Join(allowed, ", ")
	}
	return true
}

// str returns the string n, or "" if n is nil.
func (r *reader) str(n *yamldoc.Node, what string) string {
	if n == nil {
		return ""
	}
	if n.Kind != yamldoc.KindString || n.Text == "" {
		r.errorf(n, "%s must be a string that is not empty, not a %s", what, n.Kind)
		return ""
	}
	return n.Text
}

// enum returns the string n, which must be one of allowed, or "" if n is nil.
func (r *reader) enum(n *yamldoc.Node, what string, allowed ...string) string {
	s := r.str(n, what)
	if s != "" && !slices.Contains(allowed, s) {
		r.errorf(n, "%s must be one of %s, not %q", what, strings.Join(allowed, ", "), s)
	}
	return s
}

// boolean returns n, or nil if n is nil.
func (r *reader) boolean(n *yamldoc.Node, what string) *bool {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindBool {
		r.errorf(n, "%s must be true or false, not a %s", what, n.Kind)
		return nil
	}
	return &n.Bool
}

// integer returns n, which must not be negative, or nil if n is nil.
func (r *reader) integer(n *yamldoc.Node, what string) *int {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindInt || n.Int < 0 || n.Int > math.MaxInt32 {
		r.errorf(n, "%s must be a whole number from 0 on", what)
		return nil
	}
	i := int(n.Int)
	return &i
}

// number returns n, or nil if n is nil.
func (r *reader) number(n *yamldoc.Node, what string) *float64 {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindInt && n.Kind != yamldoc.KindFloat {
		r.errorf(n, "%s must be a number, not a %s", what, n.Kind)
		return nil
	}
	return &n.Float
}

// list returns the members of n, or nil if n is nil.
func (r *reader) list(n *yamldoc.Node, what string) []*yamldoc.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindSequence {
		r.errorf(n, "%s must be a list, not a %s", what, n.Kind)
		return nil
	}
	return n.Items
}

// members returns the strings of the list n, or nil if n is nil.
func (r *reader) members(n *yamldoc.Node, what string) []string {
	items := r.list(n, what)
	if items == nil {
		return nil
	}
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = r.str(item, "an entry of "+what)
	}
	return out
}

// scalars returns the texts of the list n of scalars, or nil if n is nil.
func (r *reader) scalars(n *yamldoc.Node, what string) []string {
	items := r.list(n, what)
	if items == nil {
		return nil
	}
	out := make([]string, len(items))
	for i, item := range items {
		if !item.IsScalar() {
			r.errorf(item, "an entry of %s must be a scalar, not a %s", what, item.Kind)
		}
		out[i] = item.Text
	}
	return out
}

// oneOrMore is members for a key that also takes a single string.
func (r *reader) oneOrMore(n *yamldoc.Node, what string) []string {
	if n != nil && n.Kind == yamldoc.KindString {
		return []string{r.str(n, what)}
	}
	return r.members(n, what)
}

// json returns the mapping n as JSON text.
func (r *reader) json(n *yamldoc.Node, what string) []byte {
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n, "%s must be a mapping, not a %s", what, n.Kind)
		return nil
	}
	if bad := notJSON(n); bad != nil {
		r.errorf(bad, "%s holds %s, which JSON cannot express", what, bad.Text)
		return nil
	}
	return []byte(yamldoc.JSON(n))
}

// notJSON returns the first number below n that is not finite, or nil.
func notJSON(n *yamldoc.Node) *yamldoc.Node {
	if n.Kind == yamldoc.KindFloat && (math.IsInf(n.Float, 0) || math.IsNaN(n.Float)) {
		return n
	}
	for _, p := range n.Pairs {
		if bad := notJSON(p.Value); bad != nil {
			return bad
		}
	}
	for _, item := range n.Items {
		if bad := notJSON(item); bad != nil {
			return bad
		}
	}
	return nil
}
