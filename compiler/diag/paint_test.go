package diag

import "testing"

func TestTextIsPaintedOnlyIfAskedFor(t *testing.T) {
	t.Parallel()
	if got := Paint("x", StyleGood, false); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := Paint("x", StyleGood, true); got != "\x1b[32mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if got := Paint("", StyleGood, true); got != "" {
		t.Errorf("got %q", got)
	}
}
