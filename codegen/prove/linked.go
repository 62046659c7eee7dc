package prove

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"

	"github.com/rsigma-go/rsigma/compiler/ir"
)

// LinkedProgram is a daemon with rules linked into it, which is asked with its command eval.
type LinkedProgram struct {
	Path string
	Args []string // after eval: which rules and pipelines
}

// linkedRun asks a linked program about batches of events.
type linkedRun struct {
	program  *LinkedProgram
	rules    []*ir.Rule
	byDigest map[string][]int
	engines  map[int]string // what a rule ran in when it matched: compiled or interpreted
	objects  []bool         // of the last batch: events that could be asked
}

// numberKey is put into each event, so that detections say which one they belong to. It is no string: keywords do not see it.
const numberKey = "_rsigma_verify"

// judge returns the rules that match each of events.
func (l *linkedRun) judge(ctx context.Context, events [][]byte) ([][]int, error) {
	if l.byDigest == nil {
		l.byDigest, l.engines = map[string][]int{}, map[int]string{}
		for i, r := range l.rules {
			l.byDigest[r.Meta.Digest] = append(l.byDigest[r.Meta.Digest], i)
		}
	}
	var in bytes.Buffer
	l.objects = make([]bool, len(events))
	for i, e := range events {
		e = bytes.TrimSpace(e)
		if !bytes.HasPrefix(e, []byte("{")) || !json.Valid(e) {
			continue
		}
		l.objects[i] = true
		in.WriteString(`{"` + numberKey + `":` + strconv.Itoa(i))
		if rest := bytes.TrimSpace(e[1:]); !bytes.HasPrefix(rest, []byte("}")) {
			in.WriteByte(',')
		}
		in.Write(e[1:])
		in.WriteByte('\n')
	}
	cmd := exec.CommandContext(ctx, l.program.Path, slices.Concat([]string{"eval", "--include-event", "--quiet"}, l.program.Args, []string{"-"})...)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &errs
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", l.program.Path, err, errs.Bytes())
	}
	out := make([][]int, len(events))
	for line := range bytes.Lines(text) {
		var d struct {
			Event      map[string]json.RawMessage `json:"event"`
			Provenance struct {
				Digest string `json:"digest"`
				Engine string `json:"engine"`
			} `json:"provenance"`
		}
		if err := json.Unmarshal(line, &d); err != nil {
			return nil, fmt.Errorf("read what %s prints: %w", l.program.Path, err)
		}
		i, err := strconv.Atoi(string(d.Event[numberKey]))
		if err != nil || i < 0 || i >= len(out) {
			continue // the detection of a correlation
		}
		for _, r := range l.byDigest[d.Provenance.Digest] {
			if !slices.Contains(out[i], r) {
				out[i] = append(out[i], r)
			}
			l.engines[r] = d.Provenance.Engine
		}
	}
	for i := range out {
		slices.Sort(out[i])
	}
	return out, nil
}

// judged reports whether event i of the last batch could be asked.
func (l *linkedRun) judged(i int) bool { return l.objects[i] }

// count returns how many rules ran as linked code when they matched, and how many did not, since the program has no code for them.
func (l *linkedRun) count() (compiled, interpreted int) {
	for _, engine := range l.engines {
		if engine == "compiled" {
			compiled++
		} else {
			interpreted++
		}
	}
	return compiled, interpreted
}
