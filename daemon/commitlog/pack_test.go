package commitlog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestWhatIsPackedIsUnpackedAsItWas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var p packer
	packed, noisy := 0, 0
	for i := range 400 {
		body := bytes.Repeat(fmt.Appendf(nil, "result %d of rule %d,", i, r.Uint32()), r.IntN(2000))
		if i%4 == 0 {
			body = make([]byte, r.IntN(50_000))
			for j := range body {
				body[j] = byte(r.Uint32())
			}
		}
		if len(body) > 0 && body[0] == packedByte {
			body[0] = 2 // as rows and logs begin
		}
		stored := p.pack(body)
		switch {
		case len(stored) > len(body):
			t.Fatalf("%d bytes became %d", len(body), len(stored))
		case len(stored) < len(body):
			packed++
		case i%4 == 0:
			noisy++
		}
		got, err := unpack(bytes.Clone(stored))
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("case %d of %d bytes: %v", i, len(body), err)
		}
	}
	t.Logf("%d bodies were packed, %d random ones were left as they were", packed, noisy)
	if packed < 200 || noisy < 80 {
		t.Error("the cases are not what they are meant to be")
	}
}

// Damaged bodies are noticed or, as the store has check sums, give something else; they do not panic and ask for no more memory than is
// there.
func TestDamagedPackedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"nothing follows":   {packedByte},
		"a length too long": {packedByte, 0xff, 0xff, 0xff, 0xff, 0x0f, 0},
		"no length":         {packedByte, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"cut":               (new(packer)).pack(bytes.Repeat([]byte("abcdef"), 1000))[:20],
	} {
		if got, err := unpack(body); err == nil {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}
