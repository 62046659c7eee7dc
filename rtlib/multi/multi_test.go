package multi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// naive is the twin of every table: it asks the standard library about each literal.
func naive(lits []string, s string, holds func(s, lit string) bool) []int32 {
	var out []int32
	for i, l := range lits {
		if holds(s, l) {
			out = append(out, int32(i))
		}
	}
	return out
}

func sorted(ids []int32) []int32 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func flat(string) float64 { return 1 }

func checkAll(t *testing.T, lits []string, s string) {
	t.Helper()
	for name, got := range map[string][2][]int32{
		"exact":    {NewExact(lits).Find(nil, s), naive(lits, s, func(s, l string) bool { return s == l })},
		"prefix":   {NewPrefixes(lits).Find(nil, s), naive(lits, s, strings.HasPrefix)},
		"suffix":   {NewSuffixes(lits).Find(nil, s), naive(lits, s, strings.HasSuffix)},
		"contains": {NewSubstrings(lits, flat).Find(nil, s), naive(lits, s, strings.Contains)},
	} {
		if !slices.Equal(sorted(got[0]), got[1]) {
			t.Fatalf("%s of %q in %q: got %v, want %v", name, lits, s, got[0], got[1])
		}
	}
}

func TestTablesAgreeWithTheirNaiveTwinsOnRandomTexts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc\\"[rng.IntN(4)]
		}
		return string(b)
	}
	cases := 0
	for range 3000 {
		lits := make([]string, 1+rng.IntN(30))
		for i := range lits {
			lits[i] = word(1 + rng.IntN(40))
		}
		text := word(rng.IntN(60))
		if rng.IntN(2) == 0 {
			l := lits[rng.IntN(len(lits))]
			text = []string{l, l + text, text + l, text + l + word(5)}[rng.IntN(4)]
		}
		checkAll(t, lits, text)
		cases++
	}
	t.Logf("%d random cases", cases)
}

func TestEveryAlignmentOfEveryLengthIsFound(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 40; n++ {
		lit := strings.Repeat("x", n-1) + "y"
		for pad := range 17 {
			s := strings.Repeat("-", pad) + lit + strings.Repeat("-", 3)
			if got := NewSubstrings([]string{lit}, flat).Find(nil, s); len(got) == 0 {
				t.Errorf("literal of %d bytes at offset %d is not found", n, pad)
			}
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add("net user|cmd.exe|a|\\", "c:\\cmd.exe /c net user")
	f.Add("abcdefg", "xxabcdefgxx")
	f.Fuzz(func(t *testing.T, list, s string) {
		var lits []string
		for l := range strings.SplitSeq(list, "|") {
			if l != "" {
				lits = append(lits, l)
			}
		}
		if len(lits) > 0 && len(lits) < 100 {
			checkAll(t, lits, s)
		}
	})
}

func TestFindAllocatesNothing(t *testing.T) {
	lits := make([]string, 1000)
	for i := range lits {
		lits[i] = fmt.Sprintf("literal number %d", i)
	}
	tab, dst := NewSubstrings(lits, flat), make([]int32, 0, 64)
	s := strings.Repeat("some text with literal number 77 in it ", 10)
	if n := testing.AllocsPerRun(100, func() { dst = tab.Find(dst[:0], s) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}

func BenchmarkSubstrings(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	lits := make([]string, 5000)
	for i := range lits {
		w := make([]byte, 7+rng.IntN(20))
		for j := range w {
			w[j] = byte('a' + rng.IntN(26))
		}
		lits[i] = string(w)
	}
	tab := NewSubstrings(lits, flat)
	s := strings.Repeat(`"c:\windows\system32\windowspowershell\v1.0\powershell.exe" -noprofile -command get-item `, 20)
	var dst []int32
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		dst = tab.Find(dst[:0], s)
	}
}
