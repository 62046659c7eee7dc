package cmdline

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/rsigma-go/rsigma/daemon/commitlog"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

type stateShowCmd struct {
	stateFile
	Groups bool `help:"List the groups of all correlations."`
	JSON   bool `help:"Write JSON, as if standard output were no terminal."`
}

// shownState is what show writes as JSON.
type shownState struct {
	Commit       int64              `json:"commit"`
	Correlations []shownCorrelation `json:"correlations"`
	Sources      []shownSource      `json:"sources"`
	Sinks        []shownSink        `json:"sinks"`
	Faults       []string           `json:"faults"`
}

type shownCorrelation struct {
	ID      string       `json:"id"`
	Title   string       `json:"title,omitempty"`
	Type    string       `json:"type,omitempty"`
	Groups  int          `json:"groups"`
	Entries *uint64      `json:"entries,omitempty"` // not known without a base
	List    []shownGroup `json:"list,omitempty"`
}

type shownGroup struct {
	Key     map[string]*string `json:"key"`
	Entries uint64             `json:"entries"`
	Value   float64            `json:"value"`
	Oldest  *time.Time         `json:"oldest"`
	Newest  *time.Time         `json:"newest"`
}

type shownSource struct {
	Name     string     `json:"name"`
	Identity string     `json:"identity"`
	Position int64      `json:"position"`
	Time     *time.Time `json:"time"`
}

type shownSink struct {
	Name    string `json:"name"`
	Commit  int64  `json:"commit"`
	Waiting int    `json:"waiting"`
}

// Run implements the command.
func (c *stateShowCmd) Run(s streams) error {
	found, err := c.read()
	if err != nil {
		return err
	}
	shown, err := show(found, c.Groups)
	if err != nil {
		return err
	}
	if c.JSON || !isatty.IsTerminal(s.out.Fd()) {
		text, err := json.MarshalIndent(shown, "", "  ")
		if err == nil {
			_, err = fmt.Fprintf(s.out, "%s\n", text)
		}
		return err
	}
	return shown.print(s.out)
}

// show makes what was found readable; list lists the groups. Without a base the JSON form tells what it can: how many groups there are.
func show(found commitlog.Contents, list bool) (*shownState, error) {
	out := &shownState{Commit: found.Commit, Correlations: []shownCorrelation{}, Sources: []shownSource{}, Sinks: []shownSink{}, Faults: append([]string{}, found.Faults...)}
	for _, p := range found.Sources {
		out.Sources = append(out.Sources, shownSource{p.Source, p.Identity, p.Floor, moment(time.Unix(0, p.Time), p.Time != 0)})
	}
	for _, x := range found.Sinks {
		out.Sinks = append(out.Sinks, shownSink{x.Name, x.Row, x.Waiting})
	}
	if found.Correlations == nil {
		return out, out.fromSnapshot(found.Snapshot)
	}
	for i := range found.Correlations.Rules() {
		out.Correlations = append(out.Correlations, correlation(found.Correlations, i, list))
	}
	return out, nil
}

func correlation(e *correlate.Engine, i int, list bool) shownCorrelation {
	r := e.Rule(i)
	out := shownCorrelation{ID: r.Meta.ID, Title: r.Meta.Title, Type: r.Type.String(), Entries: new(uint64)}
	for g := range e.Groups(i) {
		out.Groups++
		*out.Entries += g.Entries
		if list {
			out.List = append(out.List, group(&g))
		}
	}
	return out
}

func group(g *correlate.GroupInfo) shownGroup {
	out := shownGroup{Key: map[string]*string{}, Entries: g.Entries, Value: g.Value, Oldest: moment(time.Unix(g.Oldest, 0), g.Entries > 0),
		Newest: moment(time.Unix(g.Newest, 0), g.Entries > 0)}
	for _, p := range g.Key {
		out.Key[p.Name] = nil
		if p.Present {
			out.Key[p.Name] = &p.Value
		}
	}
	return out
}

func moment(t time.Time, known bool) *time.Time {
	if !known {
		return nil
	}
	t = t.UTC()
	return &t
}

// fromSnapshot counts the groups of a JSON snapshot.
func (s *shownState) fromSnapshot(text []byte) error {
	if text == nil {
		return nil
	}
	var snapshot struct {
		Windows map[string][]json.RawMessage `json:"windows"`
	}
	if err := json.Unmarshal(text, &snapshot); err != nil {
		return fmt.Errorf("the JSON snapshot cannot be read: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(snapshot.Windows)) {
		s.Correlations = append(s.Correlations, shownCorrelation{ID: id, Groups: len(snapshot.Windows[id])})
	}
	return nil
}

// print writes s for people.
func (s *shownState) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "commit\t%d\n", s.Commit)
	for _, x := range s.Sources {
		fmt.Fprintf(w, "source\t%q\tup to message %d\n", x.Name, x.Position)
	}
	for _, x := range s.Sinks {
		fmt.Fprintf(w, "sink\t%q\t%d results waiting\n", x.Name, x.Waiting)
	}
	for _, x := range s.Correlations {
		fmt.Fprintf(w, "correlation\t%q\t%s\t%d groups", x.Title, x.ID, x.Groups)
		if x.Entries != nil {
			fmt.Fprintf(w, "\t%d entries", *x.Entries)
		}
		fmt.Fprintln(w)
		for _, g := range x.List {
			key, _ := json.Marshal(g.Key)
			fmt.Fprintf(w, "group\t%s\t\t\t%d entries\n", key, g.Entries)
		}
	}
	for _, text := range s.Faults {
		fmt.Fprintf(w, "fault\t%s\n", text)
	}
	return w.Flush()
}
