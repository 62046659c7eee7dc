package sqlite

import (
	"testing"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// A failure of the disk beside the commits ends the store as one within them does, also while it is being closed.
func TestAFailureWhileTheLogIsCopiedEndsTheStore(t *testing.T) {
	t.Parallel()
	for name, closing := range map[string]bool{"at work": false, "closing": true} {
		p := newPlace(t, false)
		s, _ := mustLoad(t, p)
		if err := s.Commit(bg, workGroup(1)); err != nil {
			t.Fatal(err)
		}
		failing, err := connect(s.path, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := failing.close(); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.copier, s.trimming, s.closed = failing, true, closing
		s.mu.Unlock()
		s.copyLog()
		s.mu.Lock()
		s.closed = false // so that Close below is not the second one
		s.mu.Unlock()
		if err := s.Commit(bg, &store.Group{Seq: 2, Delta: []byte("x")}); err == nil {
			t.Errorf("%s: a commit was taken", name)
		}
		if err := s.Close(false); err == nil {
			t.Errorf("%s: Close has no error", name)
		}
	}
}
