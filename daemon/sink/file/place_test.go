package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func linesOf(texts ...string) (lines [][]byte) {
	for _, t := range texts {
		lines = append(lines, []byte(t))
	}
	return lines
}

func written(t *testing.T, s *Sink, place []byte, texts ...string) []bool {
	t.Helper()
	got, err := s.Written(place, linesOf(texts...))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// reopen is what the next process does.
func reopen(t *testing.T, s *Sink) *Sink {
	t.Helper()
	s.Close()
	return open(t, s.path)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestAKillAtAnyByteOfTheLastLineIsMended(t *testing.T) {
	t.Parallel()
	texts := []string{`{"a":1}`, `{"a":2}`, `{"a":3,"text":"é"}`}
	full := strings.Join(texts, "\n") + "\n"
	for _, zeros := range []int{0, 1, 7} {
		for cut := 0; cut <= len(full); cut++ {
			path := filepath.Join(t.TempDir(), "out")
			write(t, path, "old\n")
			s := open(t, path)
			place := s.Place()
			write(t, path, full[:cut]+strings.Repeat("\x00", zeros))
			s = reopen(t, s)
			var missing []string
			for i, found := range written(t, s, place, texts...) {
				if !found {
					missing = append(missing, texts[i])
				}
			}
			if whole := strings.Count(full[:cut], "\n"); len(missing) != len(texts)-whole {
				t.Errorf("cut at %d: %d missing, %d were whole", cut, len(missing), whole)
			}
			deliver(t, s, missing...)
			want := "old\n" + full
			if zeros > 0 && cut == len(full) { // nothing is missing: whose zeros these are nobody knows
				want += strings.Repeat("\x00", zeros) + "\n"
			}
			if got := text(t, path); got != want {
				t.Errorf("cut at %d, %d zeros: %q", cut, zeros, got)
			}
		}
	}
}

func TestOnlyWhatMayBeOursIsCut(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]string{
		`{"a"`:           "",
		`{"b"`:           "{\"b\"\n",
		`{"a":1}x`:       "{\"a\":1}x\n",
		"half of a line": "half of a line\n",
		`{"old":1}`:      "{\"old\":1}\n", // it stands behind the place, but is none of those that are looked for
	} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, "old\n")
		s := open(t, path)
		place := s.Place()
		write(t, path, end)
		s = reopen(t, s)
		written(t, s, place, `{"a":1}`)
		deliver(t, s, `{"a":1}`)
		if got := text(t, path); got != "old\n"+want+"{\"a\":1}\n" {
			t.Errorf("%q: %q", end, got)
		}
	}
}

// inOrder is how the search must not be done: it takes the number of lines behind the place for the number of results that are written.
func inOrder(found int, lines []string) []bool {
	out := make([]bool, len(lines))
	for i := range min(found, len(out)) {
		out[i] = true
	}
	return out
}

func TestWhatIsWrittenIsFoundWhateverIsAroundIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  string // behind the place
		lines string // a letter each
		want  string // those that are written
		other bool   // counting lines gives the same
	}{
		"nothing":                       {"", "abc", "...", true},
		"all":                           {"abc", "abc", "abc", true},
		"a beginning":                   {"ab", "abc", "ab.", true},
		"one was given up":              {"ac", "abc", "a.c", false},
		"the first was given up":        {"bc", "abc", ".bc", false},
		"one that was given up is late": {"acb", "abc", "abc", true},
		"lines of others":               {"XaYXbZ", "abc", "ab.", false},
		"equal lines":                   {"aab", "aaab", "aa.b", false},
		"equal ones around another":     {"aba", "abaa", "aba.", true},
		"more than there should be":     {"aaa", "aab", "aa.", false},
		"another order":                 {"cba", "abc", "abc", true},
		"many of one":                   {strings.Repeat("x", 50), "a" + strings.Repeat("x", 60), "." + strings.Repeat("x", 50) + strings.Repeat(".", 10), false},
	} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, "a\nb\n") // equal lines before the place do not count
		s := open(t, path)
		place := s.Place()
		for _, l := range c.file {
			write(t, path, string(l)+"\n")
		}
		var want []bool
		for _, l := range c.want {
			want = append(want, l != '.')
		}
		texts := strings.Split(c.lines, "")
		if diff := cmp.Diff(want, written(t, reopen(t, s), place, texts...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		// The control: a twin that counts must get the others wrong, or this test would not notice one.
		if twin := inOrder(len(c.file), texts); slices.Equal(twin, want) != c.other {
			t.Errorf("%s: counting gives %v", name, twin)
		}
	}
}

func TestAPlaceIsTheEndOfTheLastLineWhoeverElseWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	check := func(what string, want int) {
		t.Helper()
		p, err := readPlace(s.Place())
		if err != nil || p.size != uint64(want) {
			t.Errorf("%s: %d, %v, want %d", what, p.size, err, want)
		}
	}
	check("a new file", 0)
	deliver(t, s, "aa")
	check("one line", 3)
	write(t, path, "other\n")
	check("another one behind it", 3)
	deliver(t, s, "bb", "cc")
	check("lines behind that", 15)
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	check("opened again", 15)
	deliver(t, s, "d")
	os.Rename(path, path+".1")
	check("rotated, before the next delivery", 17)
	deliver(t, s, "e")
	check("rotated", 2)
	os.Truncate(path, 0)
	deliver(t, s, "ff")
	check("truncated", 3)
}

func TestARotatedFileIsAnotherOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	place := s.Place()
	deliver(t, s, "a", "b")
	os.Rename(path, path+".1")
	write(t, path, "a\nb\nto")
	s.Close()
	unsure := 0
	s, err := OpenWith(path, Options{Mode: Results, Unsure: func(n int, _ error) { unsure += n }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := written(t, s, place, "a", "b", "c"); slices.Contains(got, true) || unsure != 3 {
		t.Errorf("%v, unsure of %d", got, unsure)
	}
	for _, bad := range []string{"", "x", "\x01", "\x01\x01\x01", "\x02\x01\x01\x01", "\x01\x01\x01\x01\x01"} {
		unsure = 0
		if got := written(t, s, []byte(bad), "a"); got[0] || unsure != 1 {
			t.Errorf("%q: %v, unsure of %d", bad, got, unsure)
		}
	}
	if got := text(t, path); got != "a\nb\nto" {
		t.Errorf("%q was touched", got)
	}
}

func TestATruncatedFileIsSearchedFromItsBeginning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	deliver(t, s, "long enough", "a")
	place := s.Place()
	os.Truncate(path, 0)
	deliver(t, s, "b", "c")
	write(t, path, "d")
	s = reopen(t, s)
	if diff := cmp.Diff([]bool{false, true, true, false}, written(t, s, place, "a2", "b", "c", "dd")); diff != "" {
		t.Error(diff)
	}
	deliver(t, s, "a2", "dd")
	if got := text(t, path); got != "b\nc\na2\ndd\n" {
		t.Errorf("%q", got)
	}
}

func TestAPipeHasNoPlace(t *testing.T) {
	t.Parallel()
	s := open(t, os.DevNull)
	if p := s.Place(); p != nil {
		t.Errorf("%v", p)
	}
	deliver(t, s, "a")
	if p := s.Place(); p != nil {
		t.Errorf("%v", p)
	}
	if got := written(t, s, place{1, 2, 3}.bytes(), "a"); got[0] {
		t.Error("found in nowhere")
	}
}

func TestEachDeliveryIsSyncedOnceIfAskedTo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s, err := OpenWith(path, Options{Mode: Results, Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	synced := 0
	var fail error
	s.fsync = func(f *os.File) error {
		if synced++; fail != nil {
			return fail
		}
		return f.Sync()
	}
	deliver(t, s, "a", "b", "c")
	s.Deliver(t.Context(), nil)
	if synced != 1 {
		t.Errorf("%d calls", synced)
	}
	fail = errors.New("no disk")
	if n, err := s.Deliver(t.Context(), linesOf("d", "e")); n != 0 || !errors.Is(err, fail) || flow.IsPermanent(err) {
		t.Errorf("%d, %v", n, err)
	}
	if p, _ := readPlace(s.Place()); p.size != 6 || text(t, path) != "a\nb\nc\n" {
		t.Errorf("what may not be on the disk stays: place %d of %q", p.size, text(t, path))
	}
	fail = nil
	deliver(t, s, "d", "e")
	if got := text(t, path); got != "a\nb\nc\nd\ne\n" {
		t.Errorf("%q", got)
	}
	s = open(t, path)
	s.fsync = func(*os.File) error { t.Error("synced without being asked to"); return nil }
	deliver(t, s, "f")
}

func TestManyLinesAreFoundInBoundedMemory(t *testing.T) {
	n := 100_000
	if os.Getenv("RSIGMA_SOAK") != "" {
		n = 1_000_000
	}
	path := filepath.Join(t.TempDir(), "out")
	s := open(t, path)
	place := s.Place()
	var file bytes.Buffer
	lines := make([][]byte, n)
	block := make([]byte, 0, 64*n)
	for i := range lines {
		from := len(block)
		block = fmt.Appendf(block, `{"rule_title":"Many lines","number":%09d}`, i)
		lines[i] = block[from:]
		if i%1000 != 7 { // given up
			file.Write(lines[i])
			file.WriteByte('\n')
		}
		if i%10 == 3 {
			fmt.Fprintf(&file, "{\"somebody\":\"else\",\"number\":%d}\n", i)
		}
	}
	file.WriteString(strings.Repeat("a line of others without end", 1<<20))
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	file = bytes.Buffer{}
	s = reopen(t, s)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	found, err := s.Written(place, lines)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	for i, yes := range found {
		if yes != (i%1000 != 7) {
			t.Fatalf("line %d: %v", i, yes)
		}
	}
	allocated := int(after.TotalAlloc - before.TotalAlloc)
	t.Logf("%d lines, %d bytes for each, %v", n, allocated/n, took)
	if allocated > 18*n+1<<20 {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

// process is a sink of one process, which notes what a crash needs to know.
type process struct {
	*Sink
	t      *testing.T
	rng    *rand.Rand
	sender *flow.Sender
	refuse bool // gives lines up now and then
	others *[]string

	marks []flow.Mark // before each delivery
	size  int64       // before the last one
}

func (p *process) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	if p.rng.IntN(4) == 0 {
		line := fmt.Sprintf("somebody else's line %d", len(*p.others))
		*p.others = append(*p.others, line)
		write(p.t, p.path, line+"\n")
	}
	p.marks = append(p.marks, p.sender.Mark())
	info, err := os.Stat(p.path)
	if err != nil {
		p.t.Error(err)
	}
	p.size = info.Size()
	if p.refuse && p.rng.IntN(5) == 0 {
		k := p.rng.IntN(len(lines))
		n, err := p.Sink.Deliver(ctx, lines[:k])
		return n, errors.Join(err, flow.Permanent(errors.New("refused")))
	}
	return p.Sink.Deliver(ctx, lines)
}

// TestEachLineIsThereOnceAfterAnyKills lets process after process write to one file and be killed within a delivery, at any byte, with
// any of the marks that it had reached before.
func TestEachLineIsThereOnceAfterAnyKills(t *testing.T) {
	t.Parallel()
	rng := flowtest.Rand(t)
	kills, torn, redelivered := 0, 0, 0
	for range 150 {
		path := filepath.Join(t.TempDir(), "out")
		equal, refuse := rng.IntN(2) == 0, rng.IntN(2) == 0
		var units []*flow.Unit
		var want []string
		for row := range int64(2 + rng.IntN(12)) {
			first := 0
			for range 1 + rng.IntN(3) {
				u := &flow.Unit{Row: row + 1, First: first}
				for range 1 + rng.IntN(3) {
					text := fmt.Sprintf(`{"n":%d,"pad":"%s"}`, len(want), strings.Repeat("é", rng.IntN(20)))
					if equal && !refuse {
						text = fmt.Sprintf(`{"n":%d}`, rng.IntN(4))
					}
					want = append(want, text)
					u.Results = append(u.Results, flow.Result{JSON: []byte(text)})
				}
				first += len(u.Results)
				units = append(units, u)
			}
		}
		var others []string
		gaveUp := map[string]bool{}
		m, next, begun := flow.Mark{}, 0, false
		for next < len(units) || !begun {
			s, err := Open(path, Results)
			if err != nil {
				t.Fatal(err)
			}
			p := &process{Sink: s, t: t, rng: rng, refuse: refuse, others: &others}
			p.sender = flow.NewSender(p, flow.SenderOptions{
				Queue: 1000, BatchMax: 1 + rng.IntN(5),
				Exhausted: func(_ context.Context, u *flow.Unit, from int, _ error) {
					for _, r := range u.Results[from:] {
						gaveUp[string(r.JSON)] = true
					}
					if rng.IntN(2) == 0 {
						u.Ack.Done(true)
					}
				},
			})
			p.sender.Begin(m)
			m = p.sender.Mark()
			left := missing(t, p.sender, m, units[:next])
			if begun {
				redelivered += len(left)
			}
			begun = true
			more := next + rng.IntN(4)
			if more >= len(units) {
				more = len(units)
				p.refuse = false
			}
			for _, u := range append(left, units[next:more]...) {
				if err := p.sender.Put(t.Context(), u); err != nil {
					t.Fatal(err)
				}
			}
			p.sender.Close()
			p.sender.Run(t.Context())
			s.Close()
			if next = more; next < len(units) && len(p.marks) > 0 {
				info, _ := os.Stat(path)
				cut := p.size + rng.Int64N(info.Size()-p.size+1)
				os.Truncate(path, cut)
				m = p.marks[rng.IntN(len(p.marks))]
				kills++
				if b := text(t, path); b != "" && !strings.HasSuffix(b, "\n") {
					torn++
				}
			}
		}
		if err := compare(text(t, path), want, others, gaveUp); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d of them within a line, %d results delivered by a later process", kills, torn, redelivered)
	if kills < 300 || torn < 100 || redelivered < 100 {
		t.Error("too few of them to say anything")
	}
}

// missing returns the results behind m that the sink does not find, each as a unit.
func missing(t *testing.T, s *flow.Sender, m flow.Mark, units []*flow.Unit) (left []*flow.Unit) {
	t.Helper()
	var lines [][]byte
	for _, u := range units {
		for i, r := range u.Results {
			if at := u.First + i; u.Row > m.Row || u.Row == m.Row && at >= m.Lines {
				left = append(left, &flow.Unit{Row: u.Row, First: at, Results: u.Results[i : i+1]})
				lines = append(lines, r.JSON)
			}
		}
	}
	found, err := s.Written(m.Place, lines)
	if err != nil {
		t.Fatal(err)
	}
	out := left[:0]
	for i, u := range left {
		if !found[i] {
			out = append(out, u)
		}
	}
	return out
}

// compare returns an error unless text holds each of want and others as often as they do; those that were given up may be missing.
func compare(text string, want, others []string, gaveUp map[string]bool) error {
	left := map[string]int{}
	for _, l := range append(slices.Clone(want), others...) {
		left[l]++
	}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if left[l]--; left[l] < 0 {
			return fmt.Errorf("%q is altered, or there too often:\n%s", l, text)
		}
	}
	for l, n := range left {
		if n > 0 && !gaveUp[l] {
			return fmt.Errorf("%q is missing %d times:\n%s", l, n, text)
		}
	}
	return nil
}

func BenchmarkDeliver(b *testing.B) {
	for _, placed := range []bool{false, true} {
		b.Run(fmt.Sprintf("place=%v", placed), func(b *testing.B) {
			s, err := Open(filepath.Join(b.TempDir(), "out"), Results)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			lines := linesOf(strings.Repeat("x", 300))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Deliver(b.Context(), lines); err != nil {
					b.Fatal(err)
				}
				if placed {
					s.Place()
				}
			}
		})
	}
}
