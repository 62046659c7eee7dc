// Package driver evaluates test events: jobs in, results out. Package conformance calls it in the same process for the
// engines that it has at hand, and copies its source into the program that it builds for the compiled engine, so that both
// report in the same words. It knows nothing of test cases beyond their rule file's name.
package driver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Job is one event for the rules of one case.
type Job struct {
	// Case is the path of the rule file of the case; "" means all rules.
	Case string `json:"case"`
	// Event is the JSON text of the event. It is a string, not JSON, so that its spelling survives.
	Event     string          `json:"event"`
	LogSource rtlib.LogSource `json:"logsource"`
	Routing   bool            `json:"routing"`
	// Step makes the event one of a timeline, which the correlations of the case see too.
	Step *Step `json:"step,omitempty"`
}

// Result is the outcome of a job.
type Result struct {
	// Error is why the event could not be decoded, "" if it could.
	Error   string  `json:"error,omitempty"`
	Matches []Match `json:"matches"`
	// Firings are those of correlations, in the order in which they happened.
	Firings []Firing `json:"firings,omitempty"`
}

// Match is one rule that matched.
type Match struct {
	Rule       string   `json:"rule"` // title
	ID         string   `json:"id"`
	Source     string   `json:"source"`
	Selections []string `json:"selections"`
	// Explanation is all that the rule reports about the match.
	Explanation json.RawMessage `json:"explanation"`
}

// Options are the choices of an Evaluator.
type Options struct {
	// FullScan asks every rule instead of the candidates that the index leaves.
	FullScan bool
}

// Rules are the rules of all cases, in load order per file.
type Rules struct {
	Detections   []*rtlib.Rule
	Correlations []*correlate.Rule
}

// Append returns r and more together.
func (r Rules) Append(more Rules) Rules {
	return Rules{append(r.Detections, more.Detections...), append(r.Correlations, more.Correlations...)}
}

// Evaluator evaluates jobs over a set of rules. It is not safe for concurrent use.
type Evaluator struct {
	rules     Rules
	opts      Options
	sets      map[setKey]*set
	timelines map[string]*timeline // by case
	event     *rtlib.Event
}

type setKey struct {
	file    string
	routing bool
}

// set is the rules of a case, ready to run.
type set struct {
	*ruleset.Set
	plan    *decode.Plan
	scratch *ruleset.Scratch
}

// New returns an evaluator over rules.
func New(rules Rules, opts Options) *Evaluator {
	return &Evaluator{rules: rules, opts: opts, sets: map[setKey]*set{}, timelines: map[string]*timeline{}, event: rtlib.NewEvent()}
}

// InOrder returns the rules and correlations whose sources are listed in order, a JSON array, in that order. A source without
// either is an error.
func InOrder(rules Rules, order []byte) (out Rules, err error) {
	var sources []string
	if err := json.Unmarshal(order, &sources); err != nil {
		return out, fmt.Errorf("read the order of the rules: %w", err)
	}
	detections, correlations := map[string]*rtlib.Rule{}, map[string]*correlate.Rule{}
	for _, r := range rules.Detections {
		detections[r.Meta.Source] = r
	}
	for _, r := range rules.Correlations {
		correlations[r.Meta.Source] = r
	}
	for _, s := range sources {
		switch d, c := detections[s], correlations[s]; {
		case d != nil:
			out.Detections = append(out.Detections, d)
		case c != nil:
			out.Correlations = append(out.Correlations, c)
		default:
			return out, fmt.Errorf("no code was generated for the rule %s", s)
		}
	}
	return out, nil
}

// Eval evaluates one job. The error means that the rules cannot run at all, not that the event is bad.
func (e *Evaluator) Eval(job *Job) (Result, error) {
	if job.Step != nil {
		return e.step(job)
	}
	s, err := e.set(setKey{job.Case, job.Routing})
	if err != nil {
		return Result{}, err
	}
	return e.eval(s, s.plan, job, func(*rtlib.Event, []int, *Result) {})
}

// eval evaluates the event of a job by the rules of s and hands it, with the numbers of the rules that match, to more.
func (e *Evaluator) eval(s *set, plan *decode.Plan, job *Job, more func(*rtlib.Event, []int, *Result)) (Result, error) {
	ev := e.event
	if err := plan.JSON(ev, []byte(job.Event)); err != nil {
		return Result{Error: err.Error()}, nil
	}
	ev.LogSource = job.LogSource
	hits := []int(nil)
	if e.opts.FullScan {
		hits = s.FullScan(ev)
	} else {
		hits = s.Eval(ev, s.scratch)
	}
	res := Result{Matches: make([]Match, 0, len(hits))}
	for _, i := range hits {
		m, err := explain(s.Rules()[i], ev)
		if err != nil {
			return Result{}, err
		}
		res.Matches = append(res.Matches, m)
	}
	more(ev, hits, &res)
	return res, nil
}

func explain(r *rtlib.Rule, ev *rtlib.Event) (Match, error) {
	var x rtlib.Explanation
	r.Explain(ev, rtlib.DetailFull, &x)
	text, err := json.Marshal(x)
	if err != nil {
		return Match{}, fmt.Errorf("render the explanation of rule %q: %w", r.Meta.Title, err)
	}
	return Match{
		Rule:        r.Meta.Title,
		ID:          r.Meta.ID,
		Source:      r.Meta.Source,
		Selections:  append([]string{}, x.Selections...),
		Explanation: text,
	}, nil
}

// set returns the rules of a case, made ready on first use.
func (e *Evaluator) set(key setKey) (*set, error) {
	if s, ok := e.sets[key]; ok {
		return s, nil
	}
	var rules []*rtlib.Rule
	for _, r := range e.rules.Detections {
		if key.file == "" || File(r.Meta.Source) == key.file {
			rules = append(rules, r)
		}
	}
	rs, err := ruleset.New(rules, ruleset.Options{Routing: key.routing})
	if err != nil {
		return nil, err
	}
	s := &set{Set: rs, plan: decode.NewPlan(rs.Fields(), rs.AllStrings()), scratch: rs.NewScratch()}
	e.sets[key] = s
	return s, nil
}

// File returns the path of the file that a rule with the given source comes from.
func File(source string) string {
	file, _, _ := strings.Cut(source, "#")
	return file
}

// Serve reads jobs from in, one JSON text a line, and writes one result a line to out, in order. It flushes whenever it would
// have to wait for the next job, and returns at the end of in.
func (e *Evaluator) Serve(in io.Reader, out io.Writer) error {
	r := bufio.NewReaderSize(in, 1<<20)
	w := bufio.NewWriterSize(out, 1<<20)
	enc := json.NewEncoder(w)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			if err := e.serve(line, enc); err != nil {
				return err
			}
		}
		if r.Buffered() == 0 || err != nil {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write results: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read jobs: %w", err)
		}
	}
}

func (e *Evaluator) serve(line []byte, enc *json.Encoder) error {
	var job Job
	if err := json.Unmarshal(line, &job); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	res, err := e.Eval(&job)
	if err != nil {
		return err
	}
	if err := enc.Encode(res); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}
