package nats

import (
	"bytes"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// headSize is how much of a line over the limit is kept for the dead letters.
const headSize = 4 << 10

var bom = []byte("\xEF\xBB\xBF")

// lines appends the lines of a payload that are not blank to out. They share its memory.
func lines(out [][]byte, payload []byte) [][]byte {
	payload = bytes.TrimPrefix(payload, bom)
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, line[:len(line):len(line)])
		}
	}
	return out
}

// limit returns what is kept of a line, and an error if that is not all.
func limit(line []byte) ([]byte, error) {
	if len(line) > frame.MaxLine {
		return bytes.Clone(line[:headSize]), frame.ErrTooLong
	}
	return line, nil
}
