package correlate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// numberSources draw the numbers of windows: whole ones, short fractions, decimals, and what strains doubles.
var numberSources = map[string]func(r *rand.Rand) float64{
	"integers":      func(r *rand.Rand) float64 { return float64(r.IntN(2_000_001) - 1_000_000) },
	"huge integers": func(r *rand.Rand) float64 { return float64(r.Int64() >> r.IntN(60)) },
	"eighths":       func(r *rand.Rand) float64 { return float64(r.IntN(1<<20)) / 8 },
	"decimals":      func(r *rand.Rand) float64 { return float64(r.IntN(100_000)) / 100 },
	"signed":        func(r *rand.Rand) float64 { return float64(r.IntN(7)-3) * 0.1 },
	"all scales":    func(r *rand.Rand) float64 { return math.Ldexp(r.Float64()-0.5, r.IntN(120)-60) },
	"near overflow": func(r *rand.Rand) float64 { return (r.Float64() - 0.5) * 1.7e308 },
	"tiny":          func(r *rand.Rand) float64 { return float64(r.IntN(5)) * 5e-324 },
	"mixed": func(r *rand.Rand) float64 {
		return []float64{1, 0.5, 0.1, 1 << 53, -(1 << 53), 1e300, -1e300, 0, -7.25, 1e-9}[r.IntN(10)]
	},
}

// TestSumsAreBitForBitThoseOfArrivalOrder compares each decision and each reported value with a plain addition of the window.
// The thresholds are sums that did occur, and their neighbours, so that nothing but the exact sum decides.
func TestSumsAreBitForBitThoseOfArrivalOrder(t *testing.T) {
	t.Parallel()
	decisions, walks := 0, 0
	for name, draw := range numberSources {
		for _, typ := range []Type{ValueSum, ValueAvg} {
			for seed := range uint64(6) {
				r := rand.New(rand.NewPCG(seed, uint64(len(name))))
				e, c, g := sumEngine(t, typ)
				var window []float64
				for range 3000 {
					for len(window) > 0 && (len(window) > 100 || r.IntN(3) == 0) && r.IntN(8) > 0 {
						e.dropRun(c, g, &g.queue)
						window = window[1:]
					}
					v := draw(r) + 0
					if n := len(window); n > 0 && window[n-1] == v {
						continue // runs would be dropped whole
					}
					window = append(window, v)
					e.push(c, g, &g.queue, run{int64(len(window)), 1, math.Float64bits(v)})
					want := 0.0
					for _, v := range window {
						want += v
					}
					want = c.sumOrMean(want, uint64(len(window)))
					threshold := want
					switch r.IntN(4) {
					case 0:
						threshold = math.Nextafter(want, math.Inf(1))
					case 1:
						threshold = math.Nextafter(want, math.Inf(-1))
					case 2:
						threshold = want + math.Abs(want)*0.01*(r.Float64()-0.5)
					}
					c.rule.Thresholds = []Threshold{{Compare(1 + r.IntN(6)), threshold}}
					_, exact := e.sums.at(g.ext).exact()
					if got := e.judge(c, g); got != c.rule.Thresholds[0].holds(want) {
						t.Fatalf("%s: %v %v of %d values: got %v", name, want, c.rule.Thresholds, len(window), got)
					}
					decisions++
					if _, now := e.sums.at(g.ext).exact(); now && !exact {
						walks++
					}
					if r.IntN(10) == 0 {
						if got := e.aggregate(c, g); math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
							t.Fatalf("%s: reported %v, want %v", name, got, want)
						}
					}
				}
			}
		}
	}
	t.Logf("%d decisions, %d needed a walk", decisions, walks)
	if decisions < 100_000 || walks < 1000 || walks > decisions/2 {
		t.Error("the thresholds test nothing")
	}
}

// sumEngine returns an engine with one group of a sliding rule.
func sumEngine(t testing.TB, typ Type) (*Engine, *corr, *group) {
	r := countRule("sum.yml", 0)
	r.Type, r.Fields = typ, countRule("", 0).Fields
	r.Fields = append(r.Fields, "N")
	e := mustNew(t, Options{}, r)
	id := e.open(e.corrs[0], []byte{0})
	return e, e.corrs[0], e.groups.at(id)
}

// TestMostSumsNeedNoWalk counts how often a window of ordinary numbers is walked over while nothing fires.
func TestMostSumsNeedNoWalk(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"integers": 0, "eighths": 0, "decimals": 20, "all scales": 20} {
		r := rand.New(rand.NewPCG(1, 2))
		e, c, g := sumEngine(t, ValueSum)
		c.rule.Thresholds = []Threshold{{Greater, 1e30}}
		walks := 0
		for i := range 20_000 {
			if i >= 1000 {
				e.dropRun(c, g, &g.queue)
			}
			e.push(c, g, &g.queue, run{int64(i), 1, math.Float64bits(numberSources[name](r))})
			_, exact := e.sums.at(g.ext).exact()
			e.judge(c, g)
			if _, now := e.sums.at(g.ext).exact(); now && !exact {
				walks++
			}
		}
		if walks > limit {
			t.Errorf("%s: %d walks", name, walks)
		}
	}
}

func TestUnitsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v  float64
		n  int64
		ok bool
	}{
		{0, 0, true}, {1, 1024, true}, {-2.5, -2560, true}, {1.0 / 1024, 1, true}, {1.0 / 2048, 0, false}, {0.1, 0, false},
		{1 << 43, 1 << 53, true}, {1<<43 + 1, 0, false}, {math.MaxFloat64, 0, false}, {5e-324, 0, false},
	} {
		if n, ok := units(c.v); n != c.n || ok != c.ok {
			t.Errorf("%v: %d %v", c.v, n, ok)
		}
	}
}

func TestAnUndecidedThresholdIsSaidToBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op             Compare
		low, high      float64
		holds, decided bool
	}{
		{Greater, 5, 6, false, false}, {Greater, 5.1, 6, true, true}, {Greater, 3, 5, false, true},
		{GreaterEqual, 5, 6, true, true}, {Less, 4, 5, false, false}, {LessEqual, 4, 5, true, true},
		{EqualTo, 4, 6, false, false}, {EqualTo, 6, 7, false, true}, {NotEqualTo, 6, 7, true, true}, {NotEqualTo, 5, 5, false, false},
	} {
		holds, decided := Threshold{c.op, 5}.between(c.low, c.high)
		if decided != c.decided || decided && holds != c.holds {
			t.Errorf("%s 5 in [%v, %v]: %v %v", c.op, c.low, c.high, holds, decided)
		}
	}
}
