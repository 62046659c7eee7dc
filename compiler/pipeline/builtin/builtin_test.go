package builtin

import (
	"bytes"
	"slices"
	"testing"
)

func TestNamesAreSortedAndHaveASource(t *testing.T) {
	t.Parallel()
	names := Names()
	if want := []string{"ecs_windows", "sysmon", "windows_evtx_json"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	for _, name := range names {
		src, ok := Source(name)
		if !ok || !bytes.Contains(src, []byte("\nname: "+name+"\n")) {
			t.Errorf("the file of %s does not carry its name", name)
		}
	}
}

func TestOtherNamesHaveNoSource(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", ".", "sysmon.yml", "../builtin/sysmon", "Sysmon"} {
		if _, ok := Source(name); ok {
			t.Errorf("there is a source called %q", name)
		}
	}
}

func TestEveryPipelineSaysInOneLineWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		if s := Summary(name); len(s) < 20 || len(s) > 120 {
			t.Errorf("%s: %q", name, s)
		}
	}
	if s := Summary("nope"); s != "" {
		t.Errorf("no pipeline, but %q", s)
	}
}
