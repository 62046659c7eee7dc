package sqlite

import (
	"bytes"
	"testing"
)

func TestSealedBodiesAreKnownAgain(t *testing.T) {
	t.Parallel()
	for _, body := range [][]byte{nil, {}, {0}, bytes.Repeat([]byte("x"), 100_000)} {
		got, err := unseal(label("delta", 5), seal(label("delta", 5), body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
		for _, other := range [][]byte{label("delta", 6), label("outbox", 5), nil} {
			if _, err := unseal(other, seal(label("delta", 5), body)); err == nil {
				t.Errorf("a body under a wrong name was taken")
			}
		}
	}
	// A change of any bit, or of the length, is noticed.
	sealed := seal(label("delta", 5), []byte("some body"))
	for i := range len(sealed) * 8 {
		b := bytes.Clone(sealed)
		b[i/8] ^= 1 << (i % 8)
		if _, err := unseal(label("delta", 5), b); err == nil {
			t.Errorf("bit %d was changed", i)
		}
	}
	for n := range sealed {
		if _, err := unseal(label("delta", 5), sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes", n)
		}
	}
	if _, err := unseal(label("delta", 5), append(sealed, 0)); err == nil {
		t.Error("a byte too much")
	}
}

func FuzzUnseal(f *testing.F) {
	f.Add(seal([]byte("label"), nil))
	f.Add(seal([]byte("label"), []byte("body")))
	f.Add(seal([]byte("label"), chain(7), []byte("body")))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := unseal([]byte("label"), b)
		if err != nil {
			return
		}
		if !bytes.Equal(seal([]byte("label"), body), b) {
			t.Error("two forms of one body")
		}
		if prev, rest, err := unchain(body); err == nil && !bytes.Equal(append(chain(prev), rest...), body) {
			t.Error("two forms of one row")
		}
	})
}
