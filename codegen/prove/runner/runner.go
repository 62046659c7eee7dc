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

// Ask says what is asked about an event beside the verdicts of the search index.
type Ask struct {
	// Full asks every rule, without the index.
	Full bool
	// Owner is a rule that is asked without the index, if Full is not set; -1 for none.
	Owner int
}

// Judge judges events. It is not safe for concurrent use.
type Judge struct {
	set     *ruleset.Set
	plan    *decode.Plan
	event   *rtlib.Event
	scratch *ruleset.Scratch
	indexed bool
	hits    []int
	x       rtlib.Explanation
}

// New returns a judge for rules. One that is not indexed leaves out the verdicts of the index.
func New(rules []*rtlib.Rule, indexed bool) (*Judge, error) {
	set, err := ruleset.New(rules, ruleset.Options{})
	if err != nil {
		return nil, err
	}
	return &Judge{set: set, plan: decode.NewPlan(set.Fields(), set.AllStrings()), event: rtlib.NewEvent(), scratch: set.NewScratch(), indexed: indexed}, nil
}

// Append judges an event and appends the verdicts: the number of each rule that matches, by the index, and a hash of what it
// reports, "3:1f"; after a bar, the numbers of those that match when every rule is asked, or whether the owner does, as 1 or 0.
// An event that is no JSON gives its error.
func (j *Judge) Append(dst, event []byte, ask Ask) ([]byte, error) {
	j.hits = j.hits[:0]
	if err := j.plan.JSON(j.event, event); err != nil {
		return strconv.AppendQuote(dst, err.Error()), nil
	}
	if j.indexed {
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
	dst = append(dst, '|')
	j.event.Keywords = nil
	switch {
	case ask.Full:
		for _, i := range j.set.FullScan(j.event) {
			dst = append(strconv.AppendInt(dst, int64(i), 10), ' ')
		}
	case ask.Owner < 0 || ask.Owner >= len(j.set.Rules()):
	case j.set.Judge(ask.Owner, j.event):
		dst = append(dst, '1')
	default:
		dst = append(dst, '0')
	}
	return dst, nil
}

// AppendQuestion appends an event and what is asked about it as Serve reads them: "f -1 {…}".
func AppendQuestion(dst, event []byte, ask Ask) []byte {
	if ask.Full {
		dst = append(dst, 'f')
	} else {
		dst = append(dst, '-')
	}
	dst = append(strconv.AppendInt(append(dst, ' '), int64(ask.Owner), 10), ' ')
	return append(append(dst, event...), '\n')
}

// parseQuestion reads a line of AppendQuestion.
func parseQuestion(line []byte) (event []byte, ask Ask, err error) {
	full, rest, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	owner, event, ok2 := bytes.Cut(rest, []byte(" "))
	ask.Full = string(full) == "f"
	if ask.Owner, err = strconv.Atoi(string(owner)); err != nil || !ok || !ok2 {
		return nil, ask, fmt.Errorf("no question: %.40q", line)
	}
	return event, ask, nil
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

// Serve answers the questions of in, one on each line, and writes a line for each to out. It flushes whenever it would have to wait
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
			event, ask, failed := parseQuestion(line)
			if failed != nil {
				return failed
			}
			if verdict, failed = j.Append(verdict[:0], event, ask); failed != nil {
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
