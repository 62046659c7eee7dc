package cmdline

import (
	"bytes"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/commitlog"
)

// TestASnapshotAloneTellsItsGroups shows state files that hold the JSON form only, as those of an import or of rsigma do.
func TestASnapshotAloneTellsItsGroups(t *testing.T) {
	t.Parallel()
	const text = `{"version":1,"windows":{"b":[[["x"],{}]],"a":[[["x"],{}],[["y"],{}]]}}`
	shown, err := show(commitlog.Contents{Snapshot: []byte(text)}, true)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := shown.print(&out); err != nil {
		t.Fatal(err)
	}
	const want = "commit       0\ncorrelation  \"\"  a  2 groups\ncorrelation  \"\"  b  1 groups\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	for _, broken := range []string{"", "{", `{"windows":[]}`} {
		if _, err := show(commitlog.Contents{Snapshot: []byte(broken)}, false); err == nil {
			t.Errorf("%q is no snapshot, and nobody says so", broken)
		}
	}
}
