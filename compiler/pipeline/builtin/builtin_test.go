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
