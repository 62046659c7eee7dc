package metrics

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Limits of labels (metrics.md section 2, reliability.md T16).
const (
	maxSeries   = 10_000
	maxLabel    = 128
	overflow    = "__overflow__"
	labelSplits = "\xff" // no label value holds it
)

// Vec is a family of metrics that differ in label values. Callers resolve a series once and keep it. It is safe for concurrent use.
type Vec[T any] struct {
	family string
	make   func() *T
	full   func(family string)

	mu     sync.RWMutex
	series map[string]*T
	warned bool
}

func newVec[T any](family string, make func() *T, full func(string)) *Vec[T] {
	return &Vec[T]{family: family, make: make, full: full, series: map[string]*T{}}
}

// With returns the series with the given label values, in the order of the family's labels. Values are cut at 128 bytes. Beyond
// 10,000 series the first label, which is the open-ended one, becomes __overflow__.
func (v *Vec[T]) With(values ...string) *T {
	key := seriesKey(values)
	v.mu.RLock()
	s := v.series[key]
	v.mu.RUnlock()
	if s != nil {
		return s
	}
	return v.add(key, values)
}

func (v *Vec[T]) add(key string, values []string) *T {
	s, first := v.insert(key, values)
	if first {
		v.full(v.family) // outside the lock: the callee may count something in this family
	}
	return s
}

// insert returns the series of key, a new one if there is none. first reports whether it is the first that found the family full.
func (v *Vec[T]) insert(key string, values []string) (s *T, first bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.series[key]; s != nil {
		return s, false
	}
	if len(v.series) >= maxSeries {
		first, v.warned = !v.warned, true
		key = seriesKey(append([]string{overflow}, values[1:]...))
		if s := v.series[key]; s != nil {
			return s, first
		}
	}
	s = v.make()
	v.series[key] = s
	return s, first
}

// each calls f for every series.
func (v *Vec[T]) each(f func(values []string, s *T)) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for key, s := range v.series {
		f(strings.Split(key, labelSplits), s)
	}
}

func seriesKey(values []string) string {
	if len(values) == 1 {
		return label(values[0])
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = label(v)
	}
	return strings.Join(parts, labelSplits)
}

// label returns v as a label value: valid UTF-8 of at most 128 bytes, without characters that would act on a terminal. A line break
// may stay, since the format escapes it.
func label(v string) string {
	v = strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, v)
	if len(v) <= maxLabel {
		return v
	}
	cut := maxLabel
	for !utf8.RuneStart(v[cut]) {
		cut--
	}
	return v[:cut]
}
