package prove

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/codegen/prove/runner"
)

// seen is what the engines said about one event, as lines of package runner.
type seen struct {
	event         []byte
	ask, plainAsk runner.Ask
	holds         bool  // by the tree walk, if the event has an owner
	hits          []int // of line
	line, plain   []byte
	compiled      []byte // nil without
	linked        []int
	isLinked      bool
}

// compare enters the differences of an event.
func (p *proof) compare(e *seen) {
	if e.line[0] == '"' { // no JSON
		p.rep.BadEvents++
		if !bytes.Equal(e.line, e.plain) || e.compiled != nil && !bytes.Equal(e.line, e.compiled) {
			p.differ(Difference{Event: string(e.event), Detail: fmt.Sprintf("decoding: %s, %s, %s", e.line, e.plain, e.compiled)}, -1)
		}
		return
	}
	same := agrees(e.line, e.ask, e.hits) && agrees(e.plain, e.plainAsk, e.hits) &&
		(e.ask.Owner < 0 || e.holds == slices.Contains(e.hits, e.ask.Owner)) &&
		(e.compiled == nil || bytes.Equal(e.line, e.compiled)) &&
		(!e.isLinked || slices.Equal(e.hits, e.linked))
	if !same {
		p.spell(e)
	}
}

// agrees reports whether what rules said without the index agrees with hits.
func agrees(line []byte, ask runner.Ask, hits []int) bool {
	_, list, _ := bytes.Cut(line, []byte("|"))
	var buf [256]byte
	want := buf[:0]
	switch {
	case ask.Full:
		for _, h := range hits {
			want = append(strconv.AppendInt(want, int64(h), 10), ' ')
		}
	case ask.Owner < 0:
	case slices.Contains(hits, ask.Owner):
		want = append(want, '1')
	default:
		want = append(want, '0')
	}
	return bytes.Equal(list, want)
}

// opinion is what an engine said: the rules that match, with what they report, of those that it was asked about.
type opinion struct {
	matches map[int]string
	only    int // the one rule that was asked, -1 for all, none for no rule
}

const none = -2

func (o opinion) of(rule int) (match, asked bool) {
	_, match = o.matches[rule]
	return match, o.only == -1 || o.only == rule
}

// indexed reads the part of a line before the bar.
func indexed(line []byte) opinion {
	list, _, _ := bytes.Cut(line, []byte("|"))
	return opinion{parseHits(list), -1}
}

// scanned reads the part behind it.
func scanned(line []byte, ask runner.Ask) opinion {
	_, list, _ := bytes.Cut(line, []byte("|"))
	switch {
	case ask.Full:
		return opinion{parseHits(list), -1}
	case ask.Owner < 0:
		return opinion{nil, none}
	case string(list) == "1":
		return opinion{map[int]string{ask.Owner: ""}, ask.Owner}
	default:
		return opinion{nil, ask.Owner}
	}
}

// parseHits reads a list of rules.
func parseHits(list []byte) map[int]string {
	out := map[int]string{}
	for word := range strings.FieldsSeq(string(list)) {
		number, report, _ := strings.Cut(word, ":")
		if n, err := strconv.Atoi(number); err == nil {
			out[n] = report
		}
	}
	return out
}

// opinions returns what each engine said.
func (p *proof) opinions(e *seen) map[string]opinion {
	out := map[string]opinion{Interpreted: indexed(e.line), FullScan: scanned(e.line, e.ask), Unoptimised: scanned(e.plain, e.plainAsk)}
	out[TreeWalk] = opinion{nil, none}
	if e.ask.Owner >= 0 {
		out[TreeWalk] = opinion{nil, e.ask.Owner}
		if e.holds {
			out[TreeWalk] = opinion{map[int]string{e.ask.Owner: ""}, e.ask.Owner}
		}
	}
	if e.compiled != nil {
		out[Compiled], out[CompiledFullScan] = indexed(e.compiled), scanned(e.compiled, e.ask)
	}
	if e.isLinked {
		hits := map[int]string{}
		for _, i := range e.linked {
			hits[i] = ""
		}
		out[Linked] = opinion{hits, -1}
	}
	return out
}

// spell says which engines disagree about which rules.
func (p *proof) spell(e *seen) {
	opinions := p.opinions(e)
	rules := map[int]bool{e.ask.Owner: true}
	for _, o := range opinions {
		for i := range o.matches {
			rules[i] = true
		}
	}
	for i := range p.rules {
		if !rules[i] {
			continue
		}
		d := Difference{Event: string(e.event), Rule: p.rules[i]}
		for _, name := range p.rep.Engines {
			o, ok := opinions[name]
			match, asked := o.of(i)
			switch {
			case !ok || !asked:
			case match:
				d.Match = append(d.Match, name)
			default:
				d.NoMatch = append(d.NoMatch, name)
			}
		}
		if len(d.Match) > 0 && len(d.NoMatch) > 0 {
			p.misread[i]++
			p.differ(d, i)
		} else if e.compiled != nil && opinions[Interpreted].matches[i] != opinions[Compiled].matches[i] {
			d.Match, d.NoMatch, d.Detail = nil, nil, "interpreted and compiled rules report different matches"
			p.differ(d, i)
		}
	}
}

// maxDifferences is how many differences a report holds, maxOfRule how many of one rule and kind.
const maxDifferences, maxOfRule = 20, 3

// differ enters a difference about a rule, -1 for none.
func (p *proof) differ(d Difference, rule int) {
	p.rep.Different++
	n := 0
	if rule >= 0 {
		p.wrong[rule]++
		if n = p.wrong[rule] - p.misread[rule]; d.Detail == "" {
			n = p.misread[rule]
		}
	}
	list := &p.misreported
	if d.Detail == "" {
		list = &p.misjudged
	}
	if n <= maxOfRule && len(*list) < maxDifferences {
		*list = append(*list, d)
	}
}
