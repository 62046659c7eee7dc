package correlate

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// ErrSnapshotVersion says that a JSON snapshot has a version other than 1.
var ErrSnapshotVersion = errors.New("incompatible snapshot version")

// maxStoredEvent bounds an event that a snapshot holds, in bytes of JSON: whatever it was compressed from.
const maxStoredEvent = 4 << 20

type snapshot struct {
	Version         *int64                       `json:"version"`
	Windows         map[string][]json.RawMessage `json:"windows"`
	LastAlert       map[string][]json.RawMessage `json:"last_alert"`
	EventBuffers    map[string][]json.RawMessage `json:"event_buffers"`
	EventRefBuffers map[string][]json.RawMessage `json:"event_ref_buffers"`
}

// snapshotWindow has exactly one member.
type snapshotWindow struct {
	EventCount *struct {
		Timestamps []int64 `json:"timestamps"`
	}
	ValueCount *struct {
		Entries []json.RawMessage `json:"entries"`
	}
	Temporal *struct {
		RuleHits map[string][]int64 `json:"rule_hits"`
	}
	NumericAgg *struct {
		Entries []json.RawMessage `json:"entries"`
	}
}

type snapshotEvents struct {
	Entries []struct {
		TS   int64  `json:"ts"`
		Data []byte `json:"data"`
	} `json:"entries"`
}

type snapshotRefs struct {
	Entries []struct {
		Timestamp int64   `json:"timestamp"`
		ID        *string `json:"id"`
	} `json:"entries"`
}

// LoadJSON replaces the state by a JSON snapshot (daemon.md section 16.2) that this engine, one with other rules or rsigma made.
// Groups of ids that no rule has are ignored; if a window of a correlation is of another type, all groups of it are. Absent
// keys count as empty. Temporal entries are found under the reference as the rule writes it, else under the id or the name of
// the rule that fed them; those of several rules merge in the order of their times. The order of feeds is that of the
// snapshot. On an error nothing changes; it is ErrSnapshotVersion if only the version is wrong.
func (e *Engine) LoadJSON(data []byte) (Restored, error) {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return Restored{}, fmt.Errorf("read correlation snapshot: %w", err)
	}
	if s.Version != nil && *s.Version != 1 {
		return Restored{}, fmt.Errorf("%w: %d", ErrSnapshotVersion, *s.Version)
	}
	e.Reset()
	var sum Restored
	ids := e.stableIDs()
	for i, c := range e.corrs {
		e.loadCorr(c, ids[i], &s, &sum)
	}
	e.boundResting()
	known := e.corrsByID()
	for id, list := range s.Windows {
		if known[id] == nil {
			sum.Skipped += len(list)
		}
	}
	for _, id := range e.due.list {
		g := e.groups.at(id)
		e.newest = max(e.newest, e.newestOf(e.corrs[g.corr], g))
	}
	return sum, nil
}

// loadCorr loads the groups of c.
func (e *Engine) loadCorr(c *corr, id string, s *snapshot, sum *Restored) {
	groups := map[string]*savedGroup{}
	var order []*savedGroup
	find := func(key []byte) *savedGroup {
		g := groups[string(key)]
		if g == nil {
			g = &savedGroup{key: key, resting: true, alert: noTime}
			groups[string(key)] = g
			order = append(order, g)
		}
		return g
	}
	for _, raw := range s.Windows[id] {
		var w snapshotWindow
		key, ok := c.readPair(raw, &w)
		if !ok {
			sum.Skipped++
			continue
		}
		if !w.fits(c.kind) {
			sum.Skipped += len(s.Windows[id])
			return
		}
		g := find(key)
		g.resting = false
		g.queues = w.queues(c)
	}
	for _, raw := range s.LastAlert[id] {
		var t int64
		if key, ok := c.readPair(raw, &t); ok {
			find(key).alert = clampTime(t)
		}
	}
	e.loadBuffers(c, id, s, groups)
	for _, g := range order {
		e.seq++
		g.fed = e.seq
		switch {
		case g.resting && c.suppress == 0:
		case !e.restore(c, g):
			sum.Skipped++
		case !g.resting:
			sum.Groups++
		}
	}
}

func (e *Engine) loadBuffers(c *corr, id string, s *snapshot, groups map[string]*savedGroup) {
	switch c.mode {
	case EventsFull:
		for _, raw := range s.EventBuffers[id] {
			var list snapshotEvents
			key, ok := c.readPair(raw, &list)
			if g := groups[string(key)]; ok && g != nil {
				for _, x := range list.Entries {
					if data, ok := inflate(x.Data); ok {
						g.buffer = append(g.buffer, savedEvent{clampTime(x.TS), data, false})
					}
				}
			}
		}
	case EventsRefs:
		for _, raw := range s.EventRefBuffers[id] {
			var list snapshotRefs
			key, ok := c.readPair(raw, &list)
			if g := groups[string(key)]; ok && g != nil {
				for _, x := range list.Entries {
					ref := savedEvent{time: clampTime(x.Timestamp), none: x.ID == nil}
					if x.ID != nil {
						ref.data = appendBounded(nil, *x.ID)
					}
					g.buffer = append(g.buffer, ref)
				}
			}
		}
	}
}

// readPair reads a pair of group key and something. It is false if it is not that, or the key has not as many parts as c.
func (c *corr) readPair(raw json.RawMessage, to any) (key []byte, ok bool) {
	var pair []json.RawMessage
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 {
		return nil, false
	}
	var parts []*string
	if json.Unmarshal(pair[0], &parts) != nil || len(parts) != len(c.rule.GroupBy) || json.Unmarshal(pair[1], to) != nil {
		return nil, false
	}
	key = []byte{}
	for _, p := range parts {
		if p == nil {
			key = append(key, 0)
		} else {
			key = appendPart(key, appendBounded(nil, *p), true)
		}
	}
	return key, true
}

// fits reports whether w is a window of kind k.
func (w *snapshotWindow) fits(k kind) bool {
	switch k {
	case kindCount:
		return w.EventCount != nil
	case kindDistinct:
		return w.ValueCount != nil
	case kindTemporal:
		return w.Temporal != nil
	default:
		return w.NumericAgg != nil
	}
}

// queues returns the entries of w. Those that cannot be read are left out.
func (w *snapshotWindow) queues(c *corr) [][]savedRun {
	var list []savedRun
	switch c.kind {
	case kindCount:
		list = timeRuns(w.EventCount.Timestamps)
	case kindDistinct:
		for _, raw := range w.ValueCount.Entries {
			var text string
			t, ok := readEntry(raw, &text)
			if tuple, fits := splitTuple(c, text); ok && fits {
				list = append(list, savedRun{run: run{time: t, times: 1}, text: tuple})
			}
		}
	case kindTemporal:
		return c.hits(w.Temporal.RuleHits)
	default:
		for _, raw := range w.NumericAgg.Entries {
			var v float64
			if t, ok := readEntry(raw, &v); ok {
				list = append(list, savedRun{run: run{t, 1, math.Float64bits(v + 0)}})
			}
		}
	}
	return [][]savedRun{list}
}

// hits assigns the times of a temporal window to the queues of c.
func (c *corr) hits(byReference map[string][]int64) [][]savedRun {
	queues := make([][]savedRun, c.queues)
	done := make([]bool, c.queues)
	for at, ref := range c.rule.References {
		if times, ok := byReference[ref]; ok && !done[c.queueOf[at]] {
			queues[c.queueOf[at]] = timeRuns(times)
			done[c.queueOf[at]] = true
		}
	}
	for i := range queues {
		if done[i] {
			continue
		}
		var times []int64
		for s := range c.sources {
			if slices.Contains(c.sources[s].queues, i) {
				for name, list := range byReference {
					if c.sources[s].isCalled(name) {
						times = append(times, list...)
					}
				}
			}
		}
		slices.Sort(times)
		queues[i] = timeRuns(times)
	}
	return queues
}

// isCalled reports whether name is the id or the name of the source.
func (s *source) isCalled(name string) bool {
	return s.id != "" && sameID(s.id, name) || s.name != "" && s.name == name
}

func timeRuns(times []int64) []savedRun {
	var list []savedRun
	for _, t := range times {
		list = append(list, savedRun{run: run{time: clampTime(t), times: 1}})
	}
	return list
}

func clampTime(t int64) int64 { return min(max(t, 0), maxTime) }

// readEntry reads a pair of time and something.
func readEntry(raw json.RawMessage, to any) (t int64, ok bool) {
	var pair []json.RawMessage
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 || json.Unmarshal(pair[0], &t) != nil ||
		bytes.Equal(pair[1], []byte("null")) || json.Unmarshal(pair[1], to) != nil {
		return 0, false
	}
	return clampTime(t), true
}

// inflate reads a stored event: raw DEFLATE of JSON.
func inflate(data []byte) ([]byte, bool) {
	r := flate.NewReader(bytes.NewReader(data))
	event, err := io.ReadAll(io.LimitReader(r, maxStoredEvent+1))
	if err != nil || len(event) > maxStoredEvent || !json.Valid(event) {
		return nil, false
	}
	return rtlib.AppendJSONLine(nil, string(event)), true
}
