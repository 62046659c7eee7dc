package nats

import (
	"crypto/rand"
	"strconv"
	"unsafe"
)

// ids remembers under which ids lines were sent that are not confirmed yet, so that they are sent again under the same ones. A line
// without an id of its own gets one from this run of the daemon and a counter.
type ids struct {
	run   string
	count uint64
	sent  map[*byte]string // by the memory of the line, which nobody changes
}

func newIDs() *ids { return &ids{run: rand.Text()} }

// assign returns the ids of lines; keys are their own ones, or nil. Lines that are not offered again are forgotten.
func (x *ids) assign(lines [][]byte, keys []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		switch {
		case keys != nil && keys[i] != "":
			out[i] = keys[i]
			continue
		case len(line) > 0:
			out[i] = x.sent[unsafe.SliceData(line)]
		}
		if out[i] == "" {
			x.count++
			out[i] = x.run + "-" + strconv.FormatUint(x.count, 10)
		}
	}
	x.sent = nil
	return out
}

// remember keeps the ids of lines, which are not confirmed.
func (x *ids) remember(lines [][]byte, names []string) {
	x.sent = make(map[*byte]string, len(lines))
	for i, line := range lines {
		if len(line) > 0 {
			x.sent[unsafe.SliceData(line)] = names[i]
		}
	}
}
