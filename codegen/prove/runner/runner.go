// Package runner judges events by a rule set and writes the verdicts as lines. Package prove calls it for the engines in its own
// process and copies its source into the program that it builds around generated rules, so that verdicts can be compared as text.
package runner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Mode says which ways of asking the rules a Judge takes.
type Mode uint8

// The modes may be added up.
const (
	Indexed  Mode = 1 << iota // the rules that the search index leaves, with what they report
	FullScan                  // every rule
)

// Judge judges events. It is not safe for concurrent use.
type Judge struct {
	set     *ruleset.Set
	plan    *decode.Plan
	event   *rtlib.Event
	scratch *ruleset.Scratch
	mode    Mode
	hits    []int
	x       rtlib.Explanation
}

// New returns a judge for rules.
func New(rules []*rtlib.Rule, mode Mode) (*Judge, error) {
	set, err := ruleset.New(rules, ruleset.Options{})
	if err != nil {
		return nil, err
	}
	return &Judge{set: set, plan: decode.NewPlan(set.Fields(), set.AllStrings()), event: rtlib.NewEvent(), scratch: set.NewScratch(), mode: mode}, nil
}

// Append judges an event and appends the verdicts: for Indexed the number of each rule that matches and a hash of what it
// reports, "3:1f"; then for FullScan, after a bar, the numbers of those that match. An event that is no JSON gives its error.
func (j *Judge) Append(dst, event []byte) ([]byte, error) {
	j.hits = j.hits[:0]
	if err := j.plan.JSON(j.event, event); err != nil {
		return strconv.AppendQuote(dst, err.Error()), nil
	}
	if j.mode&Indexed != 0 {
		j.hits = append(j.hits, j.set.Eval(j.event, j.scratch)...)
		for _, i := range j.hits {
			sum, err := j.explain(i)
			if err != nil {
				return dst, err
			}
			dst = append(strconv.AppendInt(dst, int64(i), 10), ':')
			dst = append(strconv.AppendUint(dst, sum, 16), ' ')
		}
	}
	if j.mode&FullScan != 0 {
		dst = append(dst, '|')
		for _, i := range j.set.FullScan(j.event) {
			dst = append(strconv.AppendInt(dst, int64(i), 10), ' ')
		}
	}
	return dst, nil
}

// Hits returns the rules that the last event matched according to the index. The slice is valid until the next event.
func (j *Judge) Hits() []int { return j.hits }

// explain returns a hash of what rule i reports about the event.
func (j *Judge) explain(i int) (uint64, error) {
	r := j.set.Rules()[i]
	r.Explain(j.event, rtlib.DetailFull, &j.x)
	text, err := json.Marshal(&j.x)
	if err != nil {
		return 0, fmt.Errorf("render what rule %q reports: %w", r.Meta.Title, err)
	}
	h := fnv.New64a()
	h.Write(text)
	return h.Sum64(), nil
}

// Serve judges the events of in, one on each line, and writes a line for each to out. It flushes whenever it would have to wait
// for the next event, and returns at the end of in.
func (j *Judge) Serve(in io.Reader, out io.Writer) error {
	r, w := bufio.NewReaderSize(in, 1<<20), bufio.NewWriterSize(out, 1<<18)
	var line, verdict []byte
	for {
		line = line[:0]
		part, err := r.ReadSlice('\n')
		for line = append(line, part...); errors.Is(err, bufio.ErrBufferFull); line = append(line, part...) {
			part, err = r.ReadSlice('\n')
		}
		if len(line) > 0 {
			var failed error
			if verdict, failed = j.Append(verdict[:0], bytes.TrimSuffix(line, []byte("\n"))); failed != nil {
				return failed
			}
			if _, err := w.Write(append(verdict, '\n')); err != nil {
				return fmt.Errorf("write verdicts: %w", err)
			}
		}
		if r.Buffered() == 0 || err != nil {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write verdicts: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
	}
}

// InOrder returns the rules whose sources are listed in order, a JSON array, in that order.
func InOrder(rules []*rtlib.Rule, order []byte) ([]*rtlib.Rule, error) {
	var sources []string
	if err := json.Unmarshal(order, &sources); err != nil {
		return nil, fmt.Errorf("read the order of the rules: %w", err)
	}
	bySource := map[string]*rtlib.Rule{}
	for _, r := range rules {
		bySource[r.Meta.Source] = r
	}
	out := make([]*rtlib.Rule, 0, len(sources))
	for _, s := range sources {
		if bySource[s] == nil {
			return nil, fmt.Errorf("no code was generated for the rule %s", s)
		}
		out = append(out, bySource[s])
	}
	return out, nil
}
