package dynsource

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a Store.
type memory struct {
	mu      sync.Mutex
	entries map[string]Entry
	fault   error
}

func (m *memory) Load(id string) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[id]
	return e, ok, m.fault
}

func (m *memory) Save(id string, e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[id] = e
	return m.fault
}

func (m *memory) Delete(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, id)
	return m.fault
}

func TestAValueOutlivesARestartInTheStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		next   string // keys of the declaration after the restart
		spoil  func(m *memory)
		usable bool
	}{
		"kept":                {"cache_ttl: 1h", func(*memory) {}, true},
		"another declaration": {"cache_ttl: 2h", func(*memory) {}, false},
		"another policy":      {"cache_ttl: 1h, on_error: fail", func(*memory) {}, false},
		"too old": {"cache_ttl: 1h", func(m *memory) {
			e := m.entries["s"]
			e.At = e.At.Add(-2 * time.Hour)
			m.entries["s"] = e
		}, false},
		"damaged": {"cache_ttl: 1h", func(m *memory) {
			e := m.entries["s"]
			e.Value = []byte("[1")
			m.entries["s"] = e
		}, false},
		"a broken store": {"cache_ttl: 1h", func(m *memory) { m.fault = errors.New("disk") }, false},
	} {
		d := newDir(t, map[string]string{"v": "[1, 2.50]"})
		m := &memory{entries: map[string]Entry{}}
		first := d.resolver("- {id: s, type: file, path: v, cache_ttl: 1h}\n", LoadOptions{})
		first.Keep(m, func(id string, err error) { t.Errorf("%s: %s: %v", name, id, err) })
		if _, err := one(t, first); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(d.path, "v")); err != nil {
			t.Fatal(err)
		}
		c.spoil(m)
		next := d.resolver("- {id: s, type: file, path: v, "+c.next+"}\n", LoadOptions{})
		var faults []string
		next.Keep(m, func(id string, err error) { faults = append(faults, id+": "+err.Error()) })
		res := next.Resolve(t.Context())[0]
		if res.Err == nil || res.Usable != c.usable || res.FromCache != c.usable {
			t.Errorf("%s: %+v", name, res)
		}
		if v, ok := next.Data("s"); c.usable && (!ok || fmt.Sprint(v) != "[1 2.50]" || next.Status()[0].State != "stale") {
			t.Errorf("%s: %v, %s", name, v, next.Status()[0].State)
		}
		if wantFault := name == "damaged" || name == "a broken store"; wantFault != (len(faults) > 0) {
			t.Errorf("%s: faults %s", name, strings.Join(faults, "; "))
		}
	}
}

func TestAnInvalidatedValueStaysInPipelinesAndServesNoFailure(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": "[1]"})
	m := &memory{entries: map[string]Entry{}}
	r := d.resolver("- {id: s, type: file, path: v}\n", LoadOptions{})
	r.Keep(m, nil)
	one(t, r)
	if len(m.entries) != 1 {
		t.Fatalf("%d kept values", len(m.entries))
	}
	r.Invalidate("s")
	r.Invalidate("unknown")
	if v, err := r.Values(); err != nil || v["s"].Value == nil || len(m.entries) != 0 {
		t.Errorf("%v, %v, %d kept values", v, err, len(m.entries))
	}
	if err := os.Rename(filepath.Join(d.path, "v"), filepath.Join(d.path, "away")); err != nil {
		t.Fatal(err)
	}
	if res := r.Resolve(t.Context())[0]; res.Usable || res.FromCache {
		t.Errorf("the value still serves: %+v", res)
	}
	if err := os.Rename(filepath.Join(d.path, "away"), filepath.Join(d.path, "v")); err != nil {
		t.Fatal(err)
	}
	if res := r.Resolve(t.Context())[0]; !res.Usable || res.Changed || len(m.entries) != 1 {
		t.Errorf("after recovery with the same value: %+v, %d kept values", res, len(m.entries))
	}
}

func TestASourceIsReadOnceInARound(t *testing.T) {
	t.Parallel()
	d := newDir(t, map[string]string{"v": "null"})
	r := d.resolver("- {id: s, type: file, path: v, required: false}\n- {id: t, type: file, path: v}\n", LoadOptions{})
	if res := r.Resolve(t.Context(), "s", "none", "s"); len(res) != 1 || r.Status()[0].Resolves != 1 || r.Status()[1].Resolves != 0 {
		t.Errorf("%+v, %+v", res, r.Status())
	}
	r.Resolve(t.Context())
	if v, err := r.Values(); err != nil || v["s"].Value != nil || v["t"].Value == nil {
		t.Errorf("null of an optional and of a required source: %v, %v, %v", v["s"].Value, v["t"].Value, err)
	}
}

func TestThereAreNotTooManySources(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{maxSources: true, maxSources + 1: false} {
		var text strings.Builder
		text.WriteString("sources:\n")
		for i := range n {
			fmt.Fprintf(&text, "- {id: s%d, type: file, path: v}\n", i)
		}
		d := newDir(t, map[string]string{"s.yml": text.String()})
		if _, _, err := Load([]string{d.path}, LoadOptions{}); (err == nil) != ok {
			t.Errorf("%d sources: %v", n, err)
		}
	}
}

func TestAReloadGoesOnKeepingValues(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"the same": "", "another declaration": ", min_items: 1"} {
		d := newDir(t, map[string]string{"v": "[1]"})
		m := &memory{entries: map[string]Entry{}}
		old := d.resolver("- {id: s, type: file, path: v}\n", LoadOptions{})
		old.Keep(m, nil)
		old.Resolve(t.Context())
		next := d.resolver("- {id: s, type: file, path: v"+keys+"}\n", LoadOptions{})
		next.Adopt(old)
		d.write("v", "[2]")
		next.Resolve(t.Context())
		if got := string(m.entries["s"].Value); got != "[2]" {
			t.Errorf("%s: kept %s", name, got)
		}
	}
}
