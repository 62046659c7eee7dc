package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// sinkFault is a way in which an output can be broken.
type sinkFault struct {
	name string
	// open starts the other side for n results. others is closed when the outputs that work are done.
	open func(t *testing.T, n int, others <-chan struct{}) *receiver
	// behind says that the output cannot be done before the others are; stuck that it never is.
	behind, stuck bool
	// alone says that it cannot be one of many at once.
	alone bool
	// unsure is that of arrived.
	unsure bool
	// What must become of results: of some, or of all of them.
	delivered, givenUp share
	// flags are further ones of a daemon that has this fault alone. With others the shares above need not hold.
	flags []string
	pad   int // bytes in each event
}

// share says how many of the results.
type share int

const (
	none    share = iota
	unknown       // or all, or none
	some          // or all
	most          // but not all
	all
)

func (s share) holds(k, n float64) bool {
	switch s {
	case none:
		return k == 0
	case unknown:
		return true
	case all:
		return k == n
	}
	return k > 0 && (s == some || k > n/2 && k < n)
}

// seed is that of all faults that happen at random.
const seed = 20260615

// oneIn returns true for about share of all calls, the same ones each time.
func oneIn(share float64) func() bool {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 0))
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64() < share
	}
}

// waitFor waits for c, or for the end of the test.
func waitFor(c, done <-chan struct{}) {
	select {
	case <-c:
	case <-done:
	}
}

// stall is how long a receiver that stalls does.
func stall() time.Duration { return time.Duration(scale(1, 5)) * time.Second }

// small makes many deliveries of few results, so that some meet an error twice and are given up, and none costs much.
var small = []string{"--sink-batch-max", "8"}

// sinkFaults are all of them.
var sinkFaults = []sinkFault{
	{
		name: "HTTP: 30 % errors, some of them after the fact", delivered: most, givenUp: some, unsure: true, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			fails, kept := oneIn(0.3), oneIn(0.5)
			statuses := []int{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusFound}
			return overHTTP(t, func(call int, _ <-chan struct{}) verdict {
				if fails() {
					return verdict{status: statuses[call%len(statuses)], store: kept()}
				}
				return verdict{}
			})
		},
	},
	{
		name: "gRPC: 30 % errors", delivered: most, givenUp: some, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			fails := oneIn(0.3)
			return overGRPC(t, func(int, <-chan struct{}) verdict {
				if fails() {
					return verdict{status: http.StatusServiceUnavailable}
				}
				return verdict{}
			})
		},
	},
	{
		name: "HTTP: stalls, then works", delivered: all, behind: true,
		open: func(t *testing.T, _ int, others <-chan struct{}) *receiver {
			return overHTTP(t, func(call int, done <-chan struct{}) verdict {
				if call == 3 {
					waitFor(after(stall()), done)
					waitFor(others, done)
				}
				return verdict{}
			})
		},
	},
	{
		name: "HTTP: 10 requests a second", delivered: all, behind: true,
		open: func(t *testing.T, _ int, others <-chan struct{}) *receiver {
			return overHTTP(t, func(call int, done <-chan struct{}) verdict {
				waitFor(after(100*time.Millisecond), done)
				if call == 5 {
					waitFor(others, done)
				}
				return verdict{}
			})
		},
	},
	{
		name: "HTTP: every request is refused (400)", givenUp: all, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			return overHTTP(t, func(int, <-chan struct{}) verdict { return verdict{status: http.StatusBadRequest} })
		},
	},
	{
		name: "gRPC: every record is refused for good", givenUp: all, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			return overGRPC(t, func(int, <-chan struct{}) verdict { return verdict{refused: 1 << 30} })
		},
	},
	{
		name: "HTTP: one record of a request is refused for good", delivered: most, givenUp: some, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			return overHTTP(t, func(int, <-chan struct{}) verdict { return verdict{refused: 1} })
		},
	},
	{
		name: "HTTP: every third request is reset", delivered: all, flags: small,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			return overHTTP(t, func(call int, _ <-chan struct{}) verdict { return verdict{reset: call%3 == 0} })
		},
	},
	{
		name: "Unix: reset within a line", delivered: all,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			r, u := overUnix(t, 10_000)
			u.run(t)
			r.seen = func() string {
				if u.shut.Load() == 0 {
					t.Errorf("%s was never reset", r.output)
				}
				return fmt.Sprintf("reset %d times with %d lines in the socket", u.shut.Load(), u.late.Load())
			}
			return r
		},
	},
	{
		name: "Unix: nobody reads", delivered: some, behind: true, stuck: true,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			r, u := overUnix(t, 0)
			r.mend = func() { u.run(t) }
			return r
		},
	},
	{
		name: "Unix: nobody reads, and results may be dropped", givenUp: some, behind: true, stuck: true, unsure: true, alone: true,
		flags: []string{"--buffer-size", "64"}, delivered: unknown, pad: 4 << 10, // a socket holds less than the queue
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			r, u := overUnix(t, 0)
			r.output += "?on_full=drop"
			r.mend = func() { u.run(t) }
			return r
		},
	},
	{
		name: "file: the disk is full", givenUp: all,
		open: func(*testing.T, int, <-chan struct{}) *receiver {
			return &receiver{output: "file:///dev/full", got: func() map[int]int { return nil }}
		},
	},
	{
		name: "NATS: the stream is full", delivered: some, givenUp: some, flags: small,
		open: func(t *testing.T, n int, _ <-chan struct{}) *receiver {
			r, _ := overNATS(t, n/2)
			return r
		},
	},
	{
		name: "NATS: the server is away for a while", delivered: unknown, givenUp: some, unsure: true,
		open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
			r, s := overNATS(t, -1)
			r.begin, r.mend = s.Stop, s.Start
			return r
		},
	},
}

// after returns a channel that is closed after d.
func after(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// overNATS runs a server whose stream takes so many results and refuses others.
func overNATS(t *testing.T, limit int) (*receiver, *natstest.Server) {
	t.Helper()
	s := natstest.StartJetStream(t)
	j := s.Client()
	if _, err := j.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "rsigma-results", Subjects: []string{"results"}, MaxMsgs: int64(limit), Discard: jetstream.DiscardNew,
	}); err != nil {
		t.Fatal(err)
	}
	return &receiver{output: s.ClientURL() + "/results", got: func() map[int]int {
		var a arrivals
		if info, err := j.Stream(t.Context(), "rsigma-results"); err != nil || info.CachedInfo().State.Msgs == 0 {
			return nil // an empty stream has no first message
		}
		a.add(numbers(t, readStream(t, j, "rsigma-results"))...)
		return a.got()
	}}, s
}
