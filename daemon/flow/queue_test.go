package flow_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func self(n *int) int { return *n }

func TestAQueueBehavesLikeASlice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit, maxBytes := rapid.IntRange(1, 40).Draw(t, "limit"), rapid.IntRange(1, 200).Draw(t, "bytes")
		q := flow.NewQueue(limit, int64(maxBytes), self)
		var model []int
		sum := func() (n int) {
			for _, x := range model {
				n += x
			}
			return n
		}
		closed := false
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				x := rapid.IntRange(0, 60).Draw(t, "x")
				fits := !closed && len(model) < limit && (len(model) == 0 || sum()+x <= maxBytes)
				ok, err := q.TryPut(x)
				if ok != fits || closed != errors.Is(err, flow.ErrClosed) {
					t.Fatalf("put %d: %v, %v; want %v", x, ok, err, fits)
				}
				if fits {
					model = append(model, x)
				}
			},
			"take": func(t *rapid.T) {
				if len(model) == 0 && !closed {
					t.Skip("would wait")
				}
				n := min(rapid.IntRange(1, 10).Draw(t, "n"), len(model))
				got, ok := q.Take(context.Background(), nil, max(n, 1))
				if ok != (len(model) > 0) || ok && cmp.Diff(model[:n], got) != "" {
					t.Fatalf("took %v, %v; want %v", got, ok, model[:n])
				}
				model = model[n:]
			},
			"take all": func(t *rapid.T) {
				if got := q.TakeAll(); len(got) != len(model) || len(got) > 0 && cmp.Diff(model, got) != "" {
					t.Fatalf("took %v, want %v", got, model)
				}
				model = nil
			},
			"close": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					q.Close()
					closed = true
				}
			},
			"": func(t *rapid.T) {
				if n, bytes := q.Len(); n != len(model) || bytes != int64(sum()) {
					t.Fatalf("%d elements of %d bytes, want %d of %d", n, bytes, len(model), sum())
				}
			},
		})
	})
}

func TestManyProducersAndConsumersShareAQueue(t *testing.T) {
	t.Parallel()
	const producers, each = 8, 2000
	q := flow.NewQueue(7, 40, func(n *[2]int) int { return n[1] % 50 })
	var putting, taking sync.WaitGroup
	for p := range producers {
		putting.Go(func() {
			for i := range each {
				if err := q.Put(t.Context(), [2]int{p, i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	count := map[[2]int]int{}
	for range 3 {
		taking.Go(func() {
			last := [producers]int{}
			var got [][2]int
			for {
				var ok bool
				if got, ok = q.Take(t.Context(), got[:0], 5); !ok {
					return
				}
				mu.Lock()
				for _, x := range got {
					count[x]++
					if x[1] < last[x[0]] {
						t.Errorf("producer %d: %d after %d", x[0], x[1], last[x[0]])
					}
					last[x[0]] = x[1]
				}
				mu.Unlock()
			}
		})
	}
	flowtest.Soon(t, "all is put", flowtest.Go(putting.Wait))
	q.Close()
	flowtest.Soon(t, "all is taken", flowtest.Go(taking.Wait))
	if len(count) != producers*each {
		t.Errorf("%d elements, want %d", len(count), producers*each)
	}
	for x, n := range count {
		if n != 1 {
			t.Errorf("%v was taken %d times", x, n)
		}
	}
}

func TestWhoWaitsAtAQueueIsToldOfItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := flow.NewQueue(1, 10, self)
		empty := flow.NewQueue(1, 10, self)
		q.TryPut(1)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan string, 4)
		go func() { results <- fmt.Sprint("put: ", q.Put(ctx, 2)) }()
		go func() { _, ok := empty.Take(ctx, nil, 1); results <- fmt.Sprint("take: ", ok) }()
		synctest.Wait()
		if len(results) > 0 {
			t.Fatal("somebody does not wait")
		}
		cancel()
		synctest.Wait()
		if len(results) != 2 {
			t.Fatal("somebody waits for ever")
		}
		go func() { results <- fmt.Sprint("put: ", q.Put(t.Context(), 2)) }()
		go func() { _, ok := empty.Take(t.Context(), nil, 1); results <- fmt.Sprint("take: ", ok) }()
		synctest.Wait()
		q.Close()
		empty.Close()
		q.Close()
		seen := map[string]int{}
		for range 4 {
			seen[<-results]++
		}
		want := map[string]int{"put: context canceled": 1, "put: queue closed": 1, "take: false": 2}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
		if got, ok := q.Take(ctx, nil, 9); ok {
			t.Errorf("took %v for somebody who is gone", got)
		}
		if got, ok := q.Take(t.Context(), nil, 9); !ok || len(got) != 1 {
			t.Errorf("what was in a closed queue: %v, %v", got, ok)
		}
	})
}

func TestAnElementOverTheLimitFitsIntoAnEmptyQueueAlone(t *testing.T) {
	t.Parallel()
	q := flow.NewQueue(5, 10, self)
	if ok, _ := q.TryPut(100); !ok {
		t.Error("it does not fit")
	}
	if ok, _ := q.TryPut(0); ok {
		t.Error("it is not alone")
	}
	q.TakeAll()
	if ok, _ := q.TryPut(10); !ok {
		t.Error("its room is not given back")
	}
}
