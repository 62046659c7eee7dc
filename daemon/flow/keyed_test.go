package flow_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// keyed is a script that notes the ids it gets.
type keyed struct {
	script
	keys [][]string
}

func (k *keyed) DeliverKeyed(ctx context.Context, lines [][]byte, keys []string) (int, error) {
	k.keys = append(k.keys, append([]string(nil), keys...))
	return k.Deliver(ctx, lines)
}

func TestASinkThatWantsIDsGetsThemAlsoWithRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &keyed{script: script{steps: []step{{1, errors.New("broken")}}}}
		var ledger flowtest.Ledger
		s := flow.NewSender(sink, flow.SenderOptions{Queue: 9, BatchMax: 9, Retry: retry3})
		var want []string
		for i, n := range []int{2, 1} {
			u := ledger.Unit(n, 0)
			if i == 0 {
				u.Ref = flow.MessageRef{Identity: "s", Position: 7, Line: 1}
				u.Results[0].ID, u.Results[1].ID, u.Results[1].Ordinal = "rule", "rule", 1
				want = append(want, flow.ResultID("s", 7, 1, "rule", 0), flow.ResultID("s", 7, 1, "rule", 1))
			} else {
				want = append(want, "")
			}
			s.Put(t.Context(), u)
		}
		s.Close()
		s.Run(t.Context())
		if diff := cmp.Diff([][]string{want, want[1:]}, sink.keys); diff != "" {
			t.Error(diff)
		}
	})
}

func TestResultIDsDifferWhereResultsDo(t *testing.T) {
	t.Parallel()
	ids := []string{
		flow.ResultID("s", 1, 0, "rule", 0), flow.ResultID("sr", 1, 0, "ule", 0), flow.ResultID("s", 2, 0, "rule", 0),
		flow.ResultID("s", 1, 2, "rule", 0), flow.ResultID("s", 1, 0, "rule", 2), flow.ResultID("s", 1, 0, "", 0),
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if len(id) != 26 || seen[id] {
			t.Errorf("id %q, among %q", id, ids)
		}
		seen[id] = true
	}
	if again := flow.ResultID("s", 1, 0, "rule", 0); again != ids[0] {
		t.Errorf("the same result has the ids %s and %s", ids[0], again)
	}
}
