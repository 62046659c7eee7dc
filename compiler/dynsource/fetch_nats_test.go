package dynsource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// broker is a transport in memory.
type broker struct {
	mu       sync.Mutex
	subs     map[*inMemory]bool
	attempts []time.Time
	refuse   bool
	down     bool
}

type inMemory struct {
	b               *broker
	server, subject string
	message         func([]byte)
}

func (b *broker) transport(server string) LoadOptions {
	b.subs = map[*inMemory]bool{}
	return LoadOptions{NATS: NATSTransport{Server: server, Subscribe: b.subscribe}}
}

func (b *broker) subscribe(_ context.Context, server, subject string, message func([]byte)) (Subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts = append(b.attempts, time.Now())
	if b.refuse {
		return nil, errors.New("nobody listens")
	}
	s := &inMemory{b, server, subject, message}
	b.subs[s] = true
	return s, nil
}

// publish delivers text to all subscriptions of subject and returns their number.
func (b *broker) publish(subject, text string) (n int) {
	b.mu.Lock()
	var to []*inMemory
	for s := range b.subs {
		if s.subject == subject {
			to = append(to, s)
		}
	}
	b.mu.Unlock()
	for _, s := range to {
		s.message([]byte(text))
	}
	return len(to)
}

func (b *broker) set(refuse, down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse, b.down = refuse, down
}

func (s *inMemory) Connected() bool {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return !s.b.down
}

func (s *inMemory) Close() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	delete(s.b.subs, s)
}

// state returns the state and the value of the only source.
func state(r *Resolver) string {
	v, _ := r.Data("s")
	return fmt.Sprint(r.Status()[0].State, " ", v)
}

func TestANATSSourceIsPendingUntilItsFirstMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys  string
		first string // published while it waits; empty is nothing
		want  string // state and value
		usable,
		fails bool
	}{
		"a message in time":               {"", `["a"]`, "ok [a]", true, false},
		"none, required":                  {"", "", "error <nil>", false, true},
		"none, required, on_error: fail":  {"on_error: fail, ", "", "error <nil>", false, true},
		"none, optional":                  {"required: false, ", "", "pending <nil>", true, false},
		"none, a default":                 {"default: [d], ", "", "pending [d]", true, false},
		"none, a default, use_default":    {"on_error: use_default, default: [d], ", "", "pending [d]", true, false},
		"a bad message":                   {"required: false, ", `{"a":`, "error <nil>", true, true},
		"a bad message and a default":     {"default: [d], ", `{"a":`, "error <nil>", false, true},
		"a bad message, use_default":      {"on_error: use_default, default: [d], ", `{"a":`, "default [d]", true, true},
		"a message that is too large":     {"required: false, max_size: 4, ", `["a"]`, "error <nil>", true, true},
		"a message that is just in bound": {"required: false, max_size: 5, ", `["a"]`, "ok [a]", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t, nil)
			synctest.Test(t, func(t *testing.T) {
				b := &broker{}
				r := d.resolver("- {id: s, type: nats, subject: a.b, refresh: push, initial_wait: 3s, "+c.keys+"}\n", b.transport("nats://h"))
				start := time.Now()
				if c.first != "" {
					time.AfterFunc(2*time.Second, func() { b.publish("a.b", c.first) })
				}
				res := r.Resolve(t.Context())[0]
				waited := map[bool]time.Duration{false: 3 * time.Second, true: 2 * time.Second}[c.first != ""]
				if got := state(r); got != c.want || res.Usable != c.usable || (res.Err != nil) != c.fails || time.Since(start) != waited {
					t.Errorf("%s after %v, %+v; want %s after %v", got, time.Since(start), res, c.want, waited)
				}
				r.Close(nil)
			})
		})
	}
}

func TestEachMessageReplacesTheValueOnceInASecond(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		opts := b.transport("nats://h")
		var log []string
		start := time.Now()
		decls, _, err := Load([]string{d.write("s.yml", "sources: [{id: s, type: nats, subject: a, refresh: push, required: false}]")}, opts)
		if err != nil {
			t.Fatal(err)
		}
		r := New(decls, Observer{
			Attempt: func(_ *Declaration, _ time.Duration, err *Error) {
				if err != nil {
					log = append(log, fmt.Sprint(time.Since(start), " ", err.Kind))
				}
			},
			Value: func(_ *Declaration, items int, _ bool) { log = append(log, fmt.Sprint(time.Since(start), " ", items)) },
		})
		r.Resolve(t.Context()) // takes the second that it waits
		ctx, cancel := context.WithCancel(t.Context())
		changed := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.Refresh(ctx, func(string) { changed++ }, nil)
		}()
		time.Sleep(time.Second)
		b.publish("a", `[1]`)
		synctest.Wait()
		for range 100 { // within the second
			b.publish("a", `[1,2]`)
		}
		b.publish("a", `[1,2,3]`)
		time.Sleep(5 * time.Second)
		b.publish("a", `garbage`)
		time.Sleep(5 * time.Second)
		if got := state(r); got != "stale [1 2 3]" {
			t.Errorf("after garbage: %s", got)
		}
		b.publish("a", `[1,2,3]`)
		time.Sleep(5 * time.Second)
		if got := state(r); got != "ok [1 2 3]" || changed != 2 {
			t.Errorf("after the same value: %s, %d changes", got, changed)
		}
		cancel()
		<-done
		r.Close(nil)
		if got := strings.Join(log, ", "); got != "2s 1, 3s 3, 7s Parse, 12s 3" {
			t.Errorf("reads: %s", got)
		}
	})
}

func TestAMessageForAnOnDemandSourceWaitsForATrigger(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		r := d.resolver("- {id: s, type: nats, subject: a, refresh: on_demand, default: []}\n", b.transport("nats://h"))
		r.Resolve(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		go r.Refresh(ctx, func(string) { t.Error("a change without a trigger") }, nil)
		b.publish("a", `[1]`)
		b.publish("a", `[2]`)
		time.Sleep(time.Minute)
		if got := state(r); got != "pending []" {
			t.Errorf("before the trigger: %s", got)
		}
		if res := r.Resolve(t.Context(), "s")[0]; !res.Changed || state(r) != "ok [2]" {
			t.Errorf("after it: %s, %+v", state(r), res)
		}
		good := r.Status()[0].Resolved
		time.Sleep(time.Minute)
		if res := r.Resolve(t.Context(), "s")[0]; res.Changed || res.Err != nil || state(r) != "ok [2]" || !r.Status()[0].Resolved.Equal(good) {
			t.Errorf("without a new message: %s, %+v, %+v", state(r), res, r.Status()[0])
		}
		r.Invalidate("s")
		if res := r.Resolve(t.Context(), "s")[0]; res.Err != nil || state(r) != "ok [2]" || r.Status()[0].Resolved.Equal(good) {
			t.Errorf("the newest message is not read again: %s, %+v", state(r), res)
		}
		cancel()
		r.Close(nil)
	})
}

func TestAServerThatIsAwayIsTriedAgainWithGrowingDelays(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	synctest.Test(t, func(t *testing.T) {
		b := &broker{refuse: true}
		r := d.resolver("- {id: s, type: nats, subject: a, refresh: push, required: false}\n", b.transport("nats://h"))
		if res := r.Resolve(t.Context())[0]; res.Err == nil || res.Err.Kind != KindFetch || state(r) != "error <nil>" {
			t.Errorf("%s, %+v", state(r), res)
		}
		ctx, cancel := context.WithCancel(t.Context())
		changed := make(chan string, 10)
		go r.Refresh(ctx, func(id string) { changed <- id }, nil)
		time.Sleep(250 * time.Second)
		synctest.Wait()
		var delays []string
		for i := 1; i < len(b.attempts); i++ {
			delays = append(delays, b.attempts[i].Sub(b.attempts[i-1]).String())
		}
		if got := strings.Join(delays, " "); got != "1s 2s 4s 8s 16s 32s 1m0s 1m0s 1m0s" {
			t.Errorf("delays %s", got)
		}
		b.set(false, false)
		time.Sleep(time.Minute)
		b.publish("a", `["x"]`)
		synctest.Wait()
		if len(changed) != 1 || state(r) != "ok [x]" {
			t.Errorf("after it came: %s, %d changes", state(r), len(changed))
		}
		b.set(false, true)
		if res := r.Resolve(t.Context())[0]; res.Err == nil || res.Err.Kind != KindFetch || !res.FromCache || state(r) != "stale [x]" {
			t.Errorf("a lost connection: %s, %+v", state(r), res)
		}
		b.set(false, false)
		b.publish("a", `["y"]`)
		time.Sleep(2 * time.Second)
		if state(r) != "ok [y]" {
			t.Errorf("after it was restored: %s", state(r))
		}
		cancel()
		r.Close(nil)
	})
}

// TestAReloadKeepsSubscriptions loads declarations anew, as a reload does: equal ones go on, and others of the same subject read its
// newest message.
func TestAReloadKeepsSubscriptions(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		opts := b.transport("nats://h")
		first := d.resolver("- {id: s, type: nats, subject: a, default: [], refresh: on_demand}\n", opts)
		first.Resolve(t.Context())
		b.publish("a", `[1,2]`)
		first.Resolve(t.Context())
		reload := func(old *Resolver, keys string) *Resolver {
			next := d.resolver("- {id: s, type: nats, "+keys+", refresh: on_demand}\n", opts)
			if fresh := next.Adopt(old); len(fresh) > 0 {
				next.Resolve(t.Context(), fresh...)
			} else if keys != "subject: a, default: []" {
				t.Errorf("%s counts as the same declaration", keys)
			}
			return next
		}
		same := reload(first, "subject: a, default: []")
		changed := reload(first, "subject: a, min_items: 1")
		other := reload(first, "subject: b, default: [d]")
		for name, c := range map[string]struct {
			r    *Resolver
			want string
		}{"the same": {same, "ok [1 2]"}, "another declaration": {changed, "ok [1 2]"}, "another subject": {other, "pending [d]"}} {
			if got := state(c.r); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		if n := b.publish("a", `[3]`); n != 1 || len(b.subs) != 2 {
			t.Errorf("%d of %d subscriptions are for a", n, len(b.subs))
		}
		other.Close(first) // it was rejected
		if len(b.subs) != 1 || b.publish("a", `[4]`) != 1 {
			t.Errorf("%d subscriptions after a rejected reload", len(b.subs))
		}
		first.Close(same)
		if n := b.publish("a", `[5]`); n != 1 {
			t.Errorf("%d subscriptions after a reload", n)
		}
		if res := same.Resolve(t.Context())[0]; !res.Changed || state(same) != "ok [5]" {
			t.Errorf("%s, %+v", state(same), res)
		}
		same.Close(nil)
		if len(b.subs) != 0 {
			t.Errorf("%d subscriptions are left", len(b.subs))
		}
	})
}

func TestAKeptValueServesUntilTheFirstMessage(t *testing.T) {
	t.Parallel()
	d := newDir(t, nil)
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		opts := b.transport("nats://h")
		kept := &memory{entries: map[string]Entry{}}
		const decl = "- {id: s, type: nats, subject: a, refresh: on_demand}\n"
		first := d.resolver(decl, opts)
		first.Keep(kept, nil)
		time.AfterFunc(time.Millisecond, func() { b.publish("a", `[1]`) })
		first.Resolve(t.Context())
		first.Close(nil)
		second := d.resolver(decl, opts)
		second.Keep(kept, nil)
		if res := second.Resolve(t.Context())[0]; !res.Usable || res.Err != nil || state(second) != "pending [1]" {
			t.Errorf("%s, %+v", state(second), res)
		}
		b.publish("a", `[2]`)
		if second.Resolve(t.Context()); state(second) != "ok [2]" {
			t.Errorf("%s", state(second))
		}
		second.Close(nil)
		without := d.resolver(decl, opts)
		if res := without.Resolve(t.Context())[0]; res.Usable {
			t.Errorf("without a store: %+v", res)
		}
		without.Close(nil)
	})
}

func TestWithoutATransportANATSSourceSaysWhoCanReadIt(t *testing.T) {
	t.Parallel()
	for keys, usable := range map[string]bool{"": false, ", required: false": true, ", default: [d]": true} {
		r := newDir(t, nil).resolver("- {id: s, type: nats, subject: a, refresh: push"+keys+"}\n", LoadOptions{})
		if res := r.Resolve(t.Context())[0]; res.Err == nil || !strings.Contains(res.Err.Text, "only rsigmad") || res.Usable != usable {
			t.Errorf("%q: %+v", keys, res)
		}
	}
}

func TestDeclarationsOfNATSSourcesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		"refresh: push":                                      "subject is missing",
		"subject: a":                                         "needs push or on_demand",
		"subject: a, refresh: 5m":                            "needs push or on_demand",
		"subject: a, refresh: once":                          "needs push or on_demand",
		"subject: 'a.*', refresh: push":                      "without wildcards",
		"subject: 'a.>', refresh: push":                      "without wildcards",
		"subject: 'a..b', refresh: push":                     "without wildcards",
		"subject: 'a b', refresh: push":                      "without wildcards",
		"subject: a/b, refresh: push":                        "without wildcards",
		"subject: a, refresh: push, url: 'http://h'":         "want nats://HOST:PORT",
		"subject: a, refresh: push, url: 'nats://h/a'":       "want nats://HOST:PORT",
		"subject: a, refresh: push, url: ''":                 "want nats://HOST:PORT",
		"subject: a, refresh: push, initial_wait: 31s":       "at most the timeout, which is 30s",
		"subject: a, refresh: push, path: x":                 `unknown key "path"`,
		"subject: a, refresh: push, url: 'nats://h:4222'":    "",
		"subject: a-b.c_d, refresh: push":                    "",
		"subject: a, refresh: on_demand, initial_wait: 30s":  "",
		"subject: a, refresh: push, url: 'nats://u:p@h,k:1'": "",
	} {
		d := newDir(t, map[string]string{"s.yml": "sources: [{id: s, type: nats, " + keys + "}]\n"})
		got, _, err := Load([]string{filepath.Join(d.path, "s.yml")}, (&broker{}).transport("nats://h"))
		if want == "" && (err != nil || got[0].Type.Title() != "Nats" || !got[0].Type.Remote()) {
			t.Errorf("%s: %v", keys, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s.yml:")) {
			t.Errorf("%s: %v, want %q", keys, err, want)
		}
	}
	d := newDir(t, map[string]string{"s.yml": "sources: [{id: s, type: nats, subject: a, refresh: push}]\n"})
	if _, _, err := Load([]string{filepath.Join(d.path, "s.yml")}, (&broker{}).transport("")); err == nil || !strings.Contains(err.Error(), "url is missing") {
		t.Errorf("no server: %v", err)
	}
	if _, _, err := Load([]string{filepath.Join(d.path, "s.yml")}, LoadOptions{}); err != nil {
		t.Errorf("a program that cannot read it: %v", err)
	}
}
