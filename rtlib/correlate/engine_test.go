package correlate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/rtlib"
)

// userEvent is an event that matches detection 0.
func userEvent(t int64, user string) *twinEvent {
	return &twinEvent{json: fmt.Sprintf(`{"timestamp":%d,"User":%q}`, t, user), hits: []int{0}}
}

func TestAnUnknownSourceIsAnError(t *testing.T) {
	t.Parallel()
	r := countRule("a.yml", 1)
	r.Sources[0].Rule = "nowhere"
	if _, err := New(oneDetection(), []*Rule{r}, Options{}); err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Error(err)
	}
}

func TestRulesThatNoCompilerMakesAreErrors(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Rule){
		"no type":        func(r *Rule) { r.Type = TypeInvalid },
		"no timespan":    func(r *Rule) { r.Timespan = 0 },
		"no gap":         func(r *Rule) { r.Window = Session },
		"no window":      func(r *Rule) { r.Window = 9 },
		"no field":       func(r *Rule) { r.Type = ValueCount },
		"two fields":     func(r *Rule) { r.Type = ValueSum; r.Fields = []rtlib.Field{"a", "b"} },
		"no references":  func(r *Rule) { r.Type = Temporal; r.References = nil },
		"wrong position": func(r *Rule) { r.Type = Temporal; r.Sources[0].At = []int{3} },
		"wrong name":     func(r *Rule) { r.Type = Temporal; r.Extended = rtlib.AllConds{rtlib.NotCond{X: rtlib.Sel("x")}} },
	} {
		r := countRule("a.yml", 1)
		spoil(r)
		if _, err := New(oneDetection(), []*Rule{r}, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAttributesOfRulesAreDefaults(t *testing.T) {
	t.Parallel()
	detections := []*rtlib.Rule{
		{Meta: rtlib.Meta{Source: "d0", Custom: `{"rsigma.suppress":"often","rsigma.timestamp_field":"ts0"}`}},
		{Meta: rtlib.Meta{Source: "d1", Custom: `{"rsigma.suppress":"5m","rsigma.action":"reset","rsigma.timestamp_field":"EventTime"}`}},
		{Meta: rtlib.Meta{Source: "d2", Custom: `{"rsigma.suppress":"1h","rsigma.action":"alert"}`}},
	}
	r := countRule("a.yml", 1)
	r.Meta.Custom = `{"rsigma.timestamp_field":"ts1"}`
	got := withAttributes(Options{TimestampFields: []string{"mine"}}, detections, []*Rule{r})
	want := Options{Suppress: 300, Action: ActionReset, TimestampFields: []string{
		"ts1", "ts0", "mine", "@timestamp", "timestamp", "EventTime", "TimeCreated", "eventTime"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := withAttributes(Options{Suppress: 7, Action: ActionAlert}, detections, nil); got.Suppress != 7 || got.Action != ActionAlert {
		t.Errorf("the configuration does not win: %+v", got)
	}
}

func TestAnEventOfTheFarFutureEvictsNoOtherGroups(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxStateEntries: 10}, countRule("a.yml", 2))
	d := newDriver(e)
	for i := range 9 {
		d.apply(t, userEvent(testNow+int64(i), fmt.Sprint("u", i)), testNow)
	}
	future := int64(testNow + farFuture + 1)
	d.apply(t, userEvent(future, "attacker"), testNow) // the tenth group
	d.apply(t, userEvent(future, "attacker"), testNow) // finds ten groups
	if got := e.Stats(); got.Groups != 10 || got.Evicted[0] != 1 || got.Expired != 0 || got.FarFuture != 2 {
		t.Errorf("%+v", got)
	}
	if got := present(e, testNow); got != 9 {
		t.Errorf("%d groups of the present are left, want 9: it was not the attacker's group that had to make room", got)
	}
	e.Sweep(testNow)
	if got := e.Stats().Groups; got != 10 {
		t.Errorf("%d groups after a sweep", got)
	}
	if out := d.apply(t, userEvent(testNow+10, "u5"), testNow); !strings.Contains(out, "value 4000000000000000") { // 2.0
		t.Errorf("u5 has lost its window: %q", out)
	}
	// A day later the same time is nothing special.
	d.apply(t, userEvent(future, "attacker"), testNow+2)
	d.apply(t, userEvent(future, "u8"), testNow+2)
	e.Sweep(future)
	if got := e.Stats().Groups; got != 2 {
		t.Errorf("%d groups, want u8 and the attacker's", got)
	}
}

// A sweep of very many groups is done in parts, so that events come in between; what is left in the end is the same.
func TestASweepOfManyGroupsIsDoneInParts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	e := mustNew(t, Options{MaxStateEntries: 200_000}, countRule("a.yml", 100))
	d := newDriver(e)
	const groups, perSecond = 100_000, 100
	for i := range groups {
		d.apply(t, userEvent(int64(i/perSecond), fmt.Sprint("u", i)), testNow)
	}
	for i := range groups { // now the heap knows only that they do not end before
		d.apply(t, userEvent(int64(1000+i/perSecond), fmt.Sprint("u", i)), testNow)
	}
	d.apply(t, userEvent(10_000, "last"), testNow)
	parts := 1
	for before := e.Stats().Groups; e.Sweep(testNow); parts++ {
		now := e.Stats().Groups
		if before-now > sweepGroups+perSecond {
			t.Fatalf("%d groups went at once", before-now)
		}
		before = now
	}
	if got := e.Stats(); got.Groups != 1 || got.Expired != groups || parts < groups/(sweepGroups+perSecond) || parts > 4*groups/sweepGroups {
		t.Errorf("%d parts, %+v", parts, got)
	}
}

func TestIdleGroupsAreSweptAndSuppressionStays(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{Suppress: 1000}, countRule("a.yml", 1))
	d := newDriver(e)
	for i := range 5 {
		d.apply(t, userEvent(int64(i), fmt.Sprint("u", i)), testNow)
	}
	d.apply(t, userEvent(62, "last"), testNow)
	e.Sweep(testNow)
	if got := e.Stats(); got.Groups != 3 || got.Resting != 3 || got.Expired != 3 { // u3 at 3 is still in (2, 62]
		t.Errorf("%+v", got)
	}
	if out := d.apply(t, userEvent(63, "u0"), testNow); out != "" {
		t.Errorf("fired within the suppression: %q", out)
	}
	if out := d.apply(t, userEvent(1000, "u0"), testNow); out == "" {
		t.Error("the suppression did not end")
	}
	d.apply(t, userEvent(5000, "last"), testNow)
	e.Sweep(testNow)
	if got := e.Stats(); got.Groups != 1 || got.Resting != 0 {
		t.Errorf("%+v", got)
	}
}

// TestNobodyCanMakeTheEngineRemember floods it in the ways that its bookkeeping might mind.
func TestNobodyCanMakeTheEngineRemember(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("under the race detector this takes two minutes, and one goroutine does all of it")
	}
	const limit = 50
	for name, at := range map[string]func(i int) int64{
		"ever older":       func(i int) int64 { return testNow - int64(i) },
		"back and forth":   func(i int) int64 { return testNow + int64(i%2*100-i) },
		"one by one":       func(i int) int64 { return int64(i) * 2 },
		"the same second":  func(i int) int64 { return testNow },
		"far in between":   func(i int) int64 { return int64(i) * 100 },
		"the far future":   func(i int) int64 { return testNow + 2*farFuture + int64(i) },
		"far, then normal": func(i int) int64 { return testNow + int64((i+1)%2)*2*farFuture },
	} {
		rule := countRule("a.yml", 1)
		capped := countRule("b.yml", 1)
		capped.MaxGroupEntries = 3
		ordered := countRule("c.yml", 1)
		ordered.Type = TemporalOrdered
		e := mustNew(t, Options{MaxStateEntries: limit, Suppress: 1 << 40, EventMode: EventsFull}, rule, capped, ordered)
		d := newDriver(e)
		_, mark := e.Changes(nil, 0)
		most := Stats{}
		for i := range 20_000 {
			d.apply(t, userEvent(at(i), fmt.Sprint("u", i)), testNow)
			if i%10 == 0 {
				d.apply(t, userEvent(at(i), "busy"), testNow)
			}
			s := e.Stats()
			most.Groups, most.Resting, most.Buffered = max(most.Groups, s.Groups), max(most.Resting, s.Resting), max(most.Buffered, s.Buffered)
			if n := len(e.agings.list); n > limit+70 {
				t.Fatalf("%s: %d agings are kept", name, n)
			}
			if i%1000 == 0 {
				_, mark = e.Changes(nil, mark)
			}
		}
		checkInvariants(t, e)
		if most.Groups > limit+3 || most.Resting > limit || most.Buffered > 11*(limit+3) {
			t.Errorf("%s: %+v", name, most)
		}
		if n := len(e.table.slots); n > 8*limit {
			t.Errorf("%s: a table of %d slots", name, n)
		}
		pages := 0
		for i := range e.texts.pages {
			if e.texts.pages[i].data != nil {
				pages++
			}
		}
		if pages > 100 {
			t.Errorf("%s: %d pages of text", name, pages)
		}
	}
}

func TestEvictionLeavesNineTenths(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 2, 3, 9, 10, 11, 99, 1000} {
		e := mustNew(t, Options{MaxStateEntries: limit}, countRule("a.yml", 1))
		d := newDriver(e)
		for i := range limit {
			d.apply(t, userEvent(100, fmt.Sprint("u", i)), testNow)
		}
		d.apply(t, &twinEvent{json: `{"timestamp":101}`}, testNow) // matches nothing and evicts all the same
		if got, want := e.Stats().Groups, limit*9/10; got != want {
			t.Errorf("%d of %d groups are left, want %d", got, limit, want)
		}
	}
}

func TestTextsThatAreTooLongStayApart(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, countRule("a.yml", 2))
	d := newDriver(e)
	long := strings.Repeat("é", 100_000)
	out := ""
	for _, user := range []string{long + "a", long + "b", long + "a"} {
		out += d.apply(t, userEvent(5, user), testNow)
	}
	if e.Stats().Groups != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "...sha256:") || len(out) > 400 {
		t.Errorf("%d groups, %.300s", e.Stats().Groups, out)
	}
}

func TestTimesBeyondReasonAreClamped(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, countRule("a.yml", 2))
	d := newDriver(e)
	d.apply(t, &twinEvent{json: `{"timestamp":1e26,"User":"a"}`, hits: []int{0}}, testNow)
	out := d.apply(t, &twinEvent{json: `{"timestamp":2e26,"User":"a"}`, hits: []int{0}}, testNow)
	if !strings.Contains(out, fmt.Sprintf("at %d ", int64(maxTime))) {
		t.Errorf("%q", out)
	}
}

func TestFieldsAreAllThatExtractReads(t *testing.T) {
	t.Parallel()
	r := countRule("a.yml", 2)
	r.EventMode, r.Type, r.Fields = EventsRefs, ValueCount, []rtlib.Field{"V"}
	r.GroupBy[0].Aliases = []AliasField{{0, "who"}}
	e := mustNew(t, Options{TimestampFields: []string{"ts"}}, r)
	var names []string
	for _, id := range e.Fields() {
		names = append(names, id.Field().Name())
	}
	want := "who V ts @timestamp timestamp EventTime TimeCreated eventTime id _id event_id EventRecordID event.id"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s", got)
	}
}

func TestAnIdentifierIsATopLevelKeyThatHoldsTextOrANumber(t *testing.T) {
	t.Parallel()
	r := countRule("a.yml", 1)
	r.EventMode, r.MaxEvents = EventsRefs, 1
	e := mustNew(t, Options{}, r)
	d := newDriver(e)
	for event, want := range map[string]string{
		`{"id":null,"_id":true,"event_id":["x"],"EventRecordID":7}`: "[{5 7 true}]",
		`{"event":{"id":"path"}}`:                                   "[{5  false}]",
		`{"event.id":"key","event":{"id":"path"}}`:                  "[{5 key true}]",
		`{"_id":"b","id":""}`:                                       "[{5  true}]",
	} {
		ev := &twinEvent{json: strings.Replace(event, "{", `{"timestamp":5,`, 1), hits: []int{0}}
		if out := d.apply(t, ev, testNow); !strings.Contains(out, "refs "+want) {
			t.Errorf("%s: %s", event, out)
		}
	}
}

func TestTheReferencesOfAGroupAreLimited(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode       EventMode
		rule, opts int
		want       uint32
	}{
		{EventsRefs, 100, 0, 100},
		{EventsRefs, 101, 0, 100},
		{EventsRefs, 0, 101, 100},
		{EventsRefs, 0, 0, 10},
		{EventsFull, 101, 0, 101},
	} {
		r := countRule("a.yml", 1)
		r.EventMode, r.MaxEvents = c.mode, c.rule
		r.Timespan = 1000
		e := mustNew(t, Options{MaxEvents: c.opts}, r)
		d := newDriver(e)
		var out string
		for i := range 120 {
			out = d.apply(t, &twinEvent{json: fmt.Sprintf(`{"timestamp":%d,"id":"only"}`, 1000+i), hits: []int{0}}, testNow)
		}
		if got := e.corrs[0].maxEvents; got != c.want {
			t.Errorf("%+v: a group keeps %d", c, got)
		}
		if n := strings.Count(out, "only"); n != int(c.want) {
			t.Errorf("%+v: a firing has %d", c, n)
		}
	}
}

func TestAFiringLoopEndsAfterTenLevels(t *testing.T) {
	t.Parallel()
	var rules []*Rule
	for i := range 14 {
		r := countRule(fmt.Sprint("r", i), 1)
		if i > 0 {
			r.Sources[0].Rule = fmt.Sprint("r", i-1)
		}
		rules = append(rules, r)
	}
	out := newDriver(mustNew(t, Options{}, rules...)).apply(t, userEvent(5, "bo"), testNow)
	if n := strings.Count(out, "\n"); n != 11 {
		t.Errorf("%d firings, want the first and ten levels", n)
	}
}

func TestGroupsAreShown(t *testing.T) {
	t.Parallel()
	r := countRule("a.yml", 0)
	r.Type, r.References, r.Thresholds = Temporal, []string{"x", "y"}, nil
	r.Sources = []Source{{"d0", []int{0}}, {"d1", []int{1}}}
	e, err := New([]*rtlib.Rule{{Meta: rtlib.Meta{Source: "d0"}}, {Meta: rtlib.Meta{Source: "d1"}}}, []*Rule{r}, Options{Suppress: 9})
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(e)
	d.apply(t, userEvent(5, "bo"), testNow)
	d.apply(t, userEvent(7, "al"), testNow)
	both := userEvent(9, "al")
	both.hits = []int{0, 1}
	d.apply(t, both, testNow)
	var got []GroupInfo
	for g := range e.Groups(0) {
		if len(got) == 1 {
			want := `{"Temporal":{"rule_hits":{"x":[7,9],"y":[9]}}}`
			if window := string(e.AppendWindow(nil, &g)); window != want {
				t.Errorf("window %s", window)
			}
		}
		g.Rule, g.id = nil, 0
		got = append(got, g)
	}
	want := []GroupInfo{
		{Key: []KeyPart{{"User", "bo", true}}, Entries: 1, Oldest: 5, Newest: 5, Value: 1, EmptyAt: 65, Suppress: 9,
			References: []ReferenceInfo{{"x", 1, 5, 5}, {"y", 0, 0, 0}}},
		{Key: []KeyPart{{"User", "al", true}}, Entries: 3, Oldest: 7, Newest: 9, Value: 2, Holds: true, EmptyAt: 69, Suppress: 9,
			References: []ReferenceInfo{{"x", 2, 7, 9}, {"y", 1, 9, 9}}, LastAlert: 9, HasAlert: true},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(GroupInfo{})); diff != "" {
		t.Error(diff)
	}
}

// TestFeedsAllocateNothing feeds every type in every window until memory has its size, then counts.
func TestFeedsAllocateNothing(t *testing.T) {
	cases := 0
	for typ := EventCount; typ <= ValueMedian; typ++ {
		for window := Sliding; window <= Session; window++ {
			for _, capped := range []int{0, 100} {
				r := benchRule(typ, window)
				r.Timespan, r.MaxGroupEntries, r.EventMode, r.MaxEvents = 300, capped, EventsFull, 3
				chained := countRule("chained.yml", 3)
				chained.Sources[0].Rule = "bench.yml"
				if typ == EventCount {
					r.Thresholds = []Threshold{{Greater, 0}} // fires on every feed
				}
				e := benchEngine(t, Options{}, r, chained)
				ins := benchInputs(t, e, 600, func(i int) string {
					return fmt.Sprintf(`{"User":"u%d","V":"value-%d","N":%d.1}`, i%7, i%400, i%500)
				})
				at := int64(1_000_000)
				feed := func() {
					in := &ins[at%int64(len(ins))]
					in.time = at - at*7919%50*(at%3) // some are late
					e.Apply(in, at)
					at++
				}
				for range 4000 {
					feed()
				}
				if n := testing.AllocsPerRun(4000, feed); n != 0 {
					t.Errorf("%s %s: %v allocations per feed", typ, window, n)
				}
				cases++
			}
		}
	}
	t.Logf("%d cases", cases)
	if cases != 48 {
		t.Error("too few")
	}
}

func TestEventsAreExtractedWhileOthersAreApplied(t *testing.T) {
	t.Parallel()
	r := countRule("a.yml", 1)
	r.EventMode = EventsFull
	e := mustNew(t, Options{}, r)
	inputs := make(chan *Input, 16)
	for i := range 4 {
		go func() {
			d := newDriver(e)
			for k := range 200 {
				if err := d.plan.JSON(d.ev, []byte(userEvent(int64(k), fmt.Sprint("u", i)).json)); err != nil {
					panic(err)
				}
				in := new(Input)
				e.Extract(in, d.ev, []int{0})
				inputs <- in
			}
		}()
	}
	fired := 0
	for range 800 {
		fired += len(e.Apply(<-inputs, testNow))
	}
	if fired != 800 {
		t.Errorf("%d firings", fired)
	}
}

func TestExtractAllocatesNothing(t *testing.T) {
	r := benchRule(ValueSum, Sliding)
	r.EventMode = EventsFull
	e := benchEngine(t, Options{}, r)
	d := newDriver(e)
	if err := d.plan.JSON(d.ev, []byte(`{"timestamp":"2024-07-10T12:00:00Z","User":"al","N":12.5,"id":"0123456789"}`)); err != nil {
		t.Fatal(err)
	}
	hits := []int{0}
	e.Extract(&d.in, d.ev, hits)
	if n := testing.AllocsPerRun(1000, func() { e.Extract(&d.in, d.ev, hits) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAMillionGroupsFitInto200MB(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a million groups")
	}
	perGroup, e := measureGroups(t, 1_000_000, 4)
	t.Logf("%.1f bytes for each of %d groups", perGroup, e.Stats().Groups)
	if perGroup > 200 {
		t.Error("too much")
	}
}
