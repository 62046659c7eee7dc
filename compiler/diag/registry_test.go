package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// declared returns the Code constants of codes.go: name to value.
func declared(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		out[spec.Names[0].Name] = value
		return false
	})
	return out
}

func TestEveryCodeIsRegisteredExactlyOnce(t *testing.T) {
	t.Parallel()
	codes := declared(t)
	if len(codes) < 90 {
		t.Fatalf("found only %d constants", len(codes))
	}
	registered := map[string]int{}
	for _, info := range Registered() {
		registered[string(info.Code)]++
	}
	for name, value := range codes {
		if registered[value] != 1 {
			t.Errorf("%s is registered %d times", name, registered[value])
		}
	}
	if len(registered) != len(codes) {
		t.Errorf("%d codes registered, %d declared", len(registered), len(codes))
	}
}

func TestCodesAreKebabCaseAndNamedLikeTheirConstants(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for name, value := range declared(t) {
		if !kebab.MatchString(value) {
			t.Errorf("%s = %q", name, value)
		}
		if want := "code" + strings.ReplaceAll(value, "-", ""); strings.ToLower(name) != want {
			t.Errorf("%s = %q", name, value)
		}
	}
}

func TestEveryCodeHasADocSentence(t *testing.T) {
	t.Parallel()
	for _, info := range Registered() {
		if len(info.Doc) < 20 || !strings.HasSuffix(info.Doc, ".") || strings.Contains(info.Doc, "\n") {
			t.Errorf("%s: doc %q", info.Code, info.Doc)
		}
	}
}
