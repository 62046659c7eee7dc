package rtlib

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// constants returns the names of the constants of a file that follow the one called first, and that one, in one group.
func constants(t *testing.T, file, first string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range f.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		var names []string
		for _, spec := range group.Specs {
			names = append(names, spec.(*ast.ValueSpec).Names[0].Name)
		}
		if names[0] == first {
			return names
		}
	}
	t.Fatalf("%s has no constant group that begins with %s", file, first)
	return nil
}

func TestNamesAreThoseOfTheConstants(t *testing.T) {
	t.Parallel()
	var ops, parts, quants []string
	for o := range numOps {
		ops = append(ops, o.String())
	}
	for p := PartInvalid; p <= Year; p++ {
		parts = append(parts, p.String())
	}
	for q := QuantInvalid; q <= EachOne; q++ {
		quants = append(quants, q.String())
	}
	if want := constants(t, "pred.go", "OpInvalid"); !slices.Equal(append(ops, "numOps"), want) {
		t.Errorf("operators: got %v, want %v", ops, want)
	}
	if want := constants(t, "pred.go", "PartInvalid"); !slices.Equal(parts, want) {
		t.Errorf("parts: got %v, want %v", parts, want)
	}
	if want := constants(t, "array.go", "QuantInvalid"); !slices.Equal(quants, want) {
		t.Errorf("quantifiers: got %v, want %v", quants, want)
	}
}

func TestEveryOperatorIsDescribedAndCompiles(t *testing.T) {
	t.Parallel()
	if len(Ops()) != int(numOps)-1 {
		t.Fatalf("Ops has %d operators of %d", len(Ops()), numOps-1)
	}
	for _, op := range Ops() {
		if op.String() == "" || op.Matcher() == "" {
			t.Errorf("operator %d lacks a name or a matcher", op)
		}
		p := &Pred{Op: op, Field: "f", Strings: []string{"10.0.0.0"}, Ints: []int64{1}, Part: Hour}
		if err := p.prepare(); err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
	if err := (&Pred{Op: OpInvalid, Field: "f"}).prepare(); err == nil {
		t.Error("OpInvalid is accepted")
	}
	if err := (&Pred{Op: numOps, Field: "f"}).prepare(); err == nil {
		t.Error("an operator beyond the last is accepted")
	}
}
