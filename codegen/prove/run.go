package prove

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/rsigma-go/rsigma/codegen/prove/runner"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

// batch is events on their way to the engines.
type batch struct {
	events [][]byte
	asks   []runner.Ask // Owner is the rule that an event was made for, -1 for given ones
	holds  []bool       // whether the tree of that rule does
}

// batchSize is how many events the engines are given at a time.
const batchSize = 4000

func (b *batch) add(event []byte, ask runner.Ask, holds bool) {
	b.events = append(b.events, bytes.ReplaceAll(event, []byte("\n"), []byte(" "))) // a copy; no string of JSON holds a newline
	b.asks = append(b.asks, ask)
	b.holds = append(b.holds, holds)
}

// oneIn is how many probes and mutations come to one that every rule is asked about; unoptimisedOneIn how many of the events that
// every rule is asked about come to one for which the rules without optimisation are asked, too. The rule that an event was made
// for is always asked.
const oneIn, unoptimisedOneIn = 8, 4

// all makes the events of all rules and shows them to the engines.
func (p *proof) all(ctx context.Context) error {
	p.stage("comparing the engines")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *batch, 2)
	var wg sync.WaitGroup
	var made error
	wg.Go(func() {
		defer close(batches)
		made = p.make(ctx, batches)
	})
	var failed error
	for b := range batches {
		if failed == nil {
			if failed = p.judge(ctx, b); failed != nil {
				cancel()
			}
		}
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return made
}

// make sends the events of all rules, then the given ones.
func (p *proof) make(ctx context.Context, batches chan<- *batch) error {
	b := &batch{}
	send := func() bool {
		if len(b.events) == 0 {
			return true
		}
		select {
		case batches <- b:
			b = &batch{}
			return true
		case <-ctx.Done():
			return false
		}
	}
	p.rep.Rules = make([]RuleReport, len(p.rules))
	for i, r := range p.rules {
		s, err := synth.New(r, p.opts.Seed)
		if err != nil {
			return err
		}
		n := 0
		s.Events(synth.Options{Probes: true, Mutations: p.opts.Mutations}, func(e synth.Event) bool {
			full := e.Branch >= 0 || n%oneIn == 0
			n++
			if full {
				p.rep.Scanned++
			}
			b.add(e.JSON, runner.Ask{Full: full, Owner: i}, e.Matches)
			return len(b.events) < batchSize || send()
		})
		out := RuleReport{Rule: r, Tally: s.Made(), Branch: s.Branches, Redundant: s.Redundant(), Events: n}
		out.Never = out.Tally.Matches == 0
		out.Impossible = out.Never && synth.Impossible(r)
		p.rep.Rules[i] = out
		p.rep.Made += n
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if p.opts.Events != nil {
		err := p.opts.Events(func(event []byte) error {
			p.rep.Given++
			p.rep.Scanned++
			b.add(event, runner.Ask{Full: true, Owner: -1}, false)
			if len(b.events) >= batchSize && !send() {
				return ctx.Err()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !send() {
		return ctx.Err()
	}
	return nil
}

// judge shows a batch to all engines and compares.
func (p *proof) judge(ctx context.Context, b *batch) error {
	var wg sync.WaitGroup
	var compiled [][]byte
	var linked [][]int
	var compiledErr, linkedErr error
	if p.process != nil {
		wg.Go(func() { compiled, compiledErr = p.process.judge(b) })
	}
	if p.linked != nil {
		wg.Go(func() { linked, linkedErr = p.linked.judge(ctx, b.events) })
	}
	defer wg.Wait()
	all := make([]seen, len(b.events))
	for i, event := range b.events {
		ask := b.asks[i]
		e := &all[i]
		*e = seen{event: event, ask: ask, plainAsk: ask, holds: b.holds[i]}
		e.plainAsk.Full = ask.Full && i%unoptimisedOneIn == 0
		var err error
		if e.line, err = p.indexed.Append(nil, event, ask); err != nil {
			return err
		}
		e.hits = slices.Clone(p.indexed.Hits())
		if e.plain, err = p.plain.Append(nil, event, e.plainAsk); err != nil {
			return err
		}
	}
	wg.Wait()
	if err := errors.Join(compiledErr, linkedErr); err != nil {
		return err
	}
	for i := range all {
		e := &all[i]
		if p.process != nil {
			e.compiled = compiled[i]
		}
		if p.linked != nil {
			e.linked, e.isLinked = linked[i], p.linked.judged(i)
		}
		p.rep.Verdicts += p.verdicts(e)
		p.compare(e)
		p.covered(e.hits)
	}
	return nil
}

// verdicts counts what engines said about rules.
func (p *proof) verdicts(e *seen) int64 {
	rules := int64(len(p.rules))
	asked := func(ask runner.Ask) int64 {
		switch {
		case ask.Full:
			return rules
		case ask.Owner >= 0:
			return 1
		default:
			return 0
		}
	}
	n := rules + asked(e.ask) + asked(e.plainAsk)
	if e.ask.Owner >= 0 {
		n++ // the tree walk
	}
	if p.process != nil {
		n += rules + asked(e.ask)
	}
	if e.isLinked {
		n += rules
	}
	return n
}
