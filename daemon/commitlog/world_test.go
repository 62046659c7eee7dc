package commitlog

import (
	"fmt"
	"math/rand/v2"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/store/storetest"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// world is everything that outlives a process: a source with numbered messages, the disk, a file, and a broker that drops repetitions.
// A process runs in it until it ends or is killed; then the next one goes on. What it must have come to is known.
type world struct {
	r       *rand.Rand
	source  []string
	disk    *storetest.Model
	file    *logFile
	broker  *broker
	fault   string // planted in every process
	calm    bool   // nothing goes wrong
	power   bool   // a process ends because the power does; the disk syncs each commit then
	lives   int
	reloads int
	commits int
	doubled int // results that the broker had seen before
	final   *process
}

func newWorld(r *rand.Rand, messages int) *world {
	power := r.IntN(2) == 0
	w := &world{r: r, power: power, disk: storetest.New(power), file: &logFile{}, broker: &broker{seen: map[string]string{}}}
	at := 1795168800
	for i := range messages {
		at += r.IntN(30)
		if r.IntN(10) == 0 {
			at -= r.IntN(100)
		}
		w.source = append(w.source, fmt.Sprintf(`{"n":%d,"user":"u%d","timestamp":%d}`, i+1, r.IntN(6), at))
	}
	return w
}

// rules returns a new generation: a rule for all events, one that feeds, and what it feeds.
func rules() *engine.Generation {
	// Only fields that correlations read are decoded, since the rules have no selections.
	time := rtlib.Field("timestamp").ID()
	digit := func(ev *rtlib.Event) byte { text := ev.Value(time).Text; return text[len(text)-1] }
	detection := func(name string, match func(*rtlib.Event) bool) *rtlib.Rule {
		return &rtlib.Rule{Meta: rtlib.Meta{Source: name, Title: name, ID: name, IncludeEvent: true, Digest: name}, Match: match}
	}
	g, err := engine.New(engine.Rules{
		Detections: []*rtlib.Rule{
			detection("each third", func(ev *rtlib.Event) bool { return digit(ev)%3 == 0 }),
			detection("fail", func(ev *rtlib.Event) bool { return digit(ev) < '7' }),
		},
		Correlations: []*correlate.Rule{{
			Meta: rtlib.Meta{Source: "many", Title: "many", ID: "many"}, Type: correlate.EventCount, Timespan: 600, References: []string{"fail"},
			Sources: []correlate.Source{{Rule: "fail", At: []int{0}}}, GroupBy: []correlate.Part{{Name: "user"}},
			Thresholds: []correlate.Threshold{{Op: correlate.GreaterEqual, Value: 4}}, Action: correlate.ActionReset,
			EventMode: correlate.EventsRefs,
		}, {
			Meta: rtlib.Meta{Source: "more", Title: "more", ID: "more"}, Type: correlate.EventCount, Timespan: 3600, References: []string{"many"},
			Sources: []correlate.Source{{Rule: "many", At: []int{0}}}, Thresholds: []correlate.Threshold{{Op: correlate.GreaterEqual, Value: 3}}, Suppress: 200,
		}},
	}, nil, engine.Options{Correlate: correlate.Options{MaxStateEntries: 5}})
	if err != nil {
		panic(err)
	}
	return g
}

// logFile is a file that lines are appended to. A kill may tear the last one.
type logFile struct{ text []byte }

// broker keeps each message once, by its id.
type broker struct {
	seen  map[string]string
	order []string
}
