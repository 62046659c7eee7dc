package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

func TestADirectoryOfPipelinesMayBeALink(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	if err := os.Mkdir(filepath.Join(top, "1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "1", "a.yml"), []byte("name: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(top, "current")
	if err := os.Symlink("1", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(top, "1"), link, link + "/"} {
		var log diag.List
		found := Find(nil, []string{name}, &log)
		want := filepath.Join(name, "a.yml")
		if len(found) != 1 || found[0].Name != want {
			t.Errorf("%s: found %+v, want %s", name, found, want)
		}
	}
}

func TestAPipeIsNoPipeline(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "p.yml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	var log diag.List
	if found := Find(nil, []string{pipe}, &log); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if all := log.All(); len(all) != 1 || !strings.Contains(all[0].Msg, "not a regular file") {
		t.Errorf("got %+v", all)
	}
}
