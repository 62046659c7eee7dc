package commitlog

import (
	"errors"
	"slices"

	"github.com/klauspost/compress/s2"
)

// What a commit writes is much alike within, and writing costs more than packing: a body that is not short is stored as a block of S2
// behind packedByte. No body begins with that byte by itself.

const (
	packedByte = 0xff
	// packFrom is the length in bytes from which bodies are packed: shorter ones take a page of the file in any case.
	packFrom = 2048
	// maxUnpacked bounds what a damaged body may ask for.
	maxUnpacked = 1 << 30
)

var errPacked = errors.New("what is packed is damaged")

// packer packs bodies and keeps its memory.
type packer struct{ buf []byte }

// pack returns body as it is stored: as it is, or packed, which is valid until the next call.
func (p *packer) pack(body []byte) []byte {
	if len(body) < packFrom || len(body) > maxUnpacked {
		return body
	}
	n := s2.MaxEncodedLen(len(body))
	p.buf = append(slices.Grow(p.buf[:0], n+1), packedByte)
	packed := s2.Encode(p.buf[1:n+1], body)
	if len(packed) >= len(body) {
		return body
	}
	return p.buf[:1+len(packed)]
}

// unpack returns a stored body as it was. The result may be data.
func unpack(data []byte) ([]byte, error) {
	if len(data) == 0 || data[0] != packedByte {
		return data, nil
	}
	if n, err := s2.DecodedLen(data[1:]); err != nil || n > maxUnpacked {
		return nil, errPacked
	}
	body, err := s2.Decode(nil, data[1:])
	if err != nil {
		return nil, errPacked
	}
	return body, nil
}
