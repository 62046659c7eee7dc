package compiler

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/ir"
)

func TestTheTextOfASetIsLimited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := bytes.Repeat([]byte("#"), maxFileSize)
	for i := range maxRuleText / maxFileSize {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.yml", i)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load([]string{dir}); err != nil {
		t.Fatalf("just at the limit: %v", err)
	}
	more := filepath.Join(t.TempDir(), "more.yml")
	if err := os.WriteFile(more, []byte("#"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, paths := range [][]string{{dir, more}, {more, dir}} {
		_, err := Load(paths)
		if err == nil || !strings.Contains(err.Error(), "67108865 bytes") || !strings.Contains(err.Error(), "at most 67108864") {
			t.Errorf("one byte more: %v", err)
		}
	}
}

func TestTheNumberOfRulesOfASetIsLimited(t *testing.T) {
	t.Parallel()
	if err := CheckCount(&ir.Program{Documents: make([]ir.Document, MaxRules)}); err != nil {
		t.Errorf("just at the limit: %v", err)
	}
	err := CheckCount(&ir.Program{Documents: make([]ir.Document, MaxRules+1)})
	if err == nil || err.Error() != "too many rules: 50001 documents, at most 50000 are allowed" {
		t.Errorf("one more: %v", err)
	}
}
