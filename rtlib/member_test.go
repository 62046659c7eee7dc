package rtlib

import "testing"

func each(field Field, q Quant, body ...Expr) *Each {
	return &Each{Field: field, Quant: q, Body: AllOf(body)}
}

func on(field Field, op Op, operands ...string) *Pred {
	return &Pred{Op: op, Field: field, Strings: operands}
}

func TestArrayBlocks(t *testing.T) {
	t.Parallel()
	conn := each("conn", EachAny, on("proto", EqualFold, "tcp"), on("ip", CIDR, "10.0.0.0/8"))
	tags := each("tags", EachAll, on(Self, PrefixFold, "app-"))
	mounts := each("mounts", EachAllOrEmpty, &Pred{Op: BoolEqual, Field: "ro", Want: true})
	none := each("ports", EachNone, &Pred{Op: NumEqual, Field: Self, Ints: []int64{22}})
	rules := each("rules", EachAny, on("type", EqualFold, "allow"), each("ip", EachAll, on(Self, PrefixFold, "10.")))
	mfa := each("users", EachAny, on("name", EqualFold, "root"), &Pred{Op: Exists, Field: "mfa"})
	ref := each("users", EachAny, on("id", RefEqualFold, "actor.id"))
	local := each("conn", EachAny, on("ip", CIDR, "10.0.0.0/8"), Not{on("proto", EqualFold, "tcp")})
	peer := each("conn", EachAny, on("peer.ip", EqualFold, "1.1.1.1"))
	nested := each("a.b", EachAll, on(Self, ContainsFold, "x"))
	kw := each("m", EachAny, keyword(ContainsFold, "bad"), on("id", EqualFold, "1"))
	expand := each("m", EachAny, on("p", ExpandFold, `\\home\\%User%`))
	index := each("rules", EachAny, on(Indexed+"ip[0]", EqualFold, "10.0.0.1"))
	runHolds(t, []holds{
		{conn, `{"conn":[{"proto":"TCP","ip":"10.0.0.1"},{"proto":"udp","ip":"8.8.8.8"}]}`, true},
		{conn, `{"conn":[{"proto":"tcp","ip":"8.8.8.8"},{"proto":"udp","ip":"10.0.0.1"}]}`, false},
		{conn, `{"conn":[]}`, false}, {conn, `{}`, false}, {conn, `{"conn":{"proto":"tcp","ip":"10.0.0.1"}}`, true},
		{tags, `{"tags":["app-1","APP-2"]}`, true}, {tags, `{"tags":["app-1","db"]}`, false}, {tags, `{"tags":"app-9"}`, true},
		{tags, `{"tags":[]}`, false}, {tags, `{"tags":null}`, false}, {tags, `{}`, false},
		{tags, `{"tags":[["app-1","x"]]}`, true}, {tags, `{"tags":["app-1",null]}`, false},
		{mounts, `{}`, true}, {mounts, `{"mounts":[]}`, true}, {mounts, `{"mounts":null}`, true}, {mounts, `{"mounts":[{"ro":true}]}`, true},
		{mounts, `{"mounts":[{"ro":true},{"ro":false}]}`, false},
		{none, `{"ports":[80,443]}`, true}, {none, `{"ports":[80,22]}`, false}, {none, `{"ports":[]}`, true}, {none, `{}`, true},
		{none, `{"ports":22}`, false},
		{rules, `{"rules":[{"type":"deny","ip":["10.0.0.1"]},{"type":"allow","ip":["10.1.1.1","10.2.2.2"]}]}`, true},
		{rules, `{"rules":[{"type":"allow","ip":["10.1.1.1","8.8.8.8"]}]}`, false}, {rules, `{"rules":[{"type":"allow","ip":[]}]}`, false},
		{mfa, `{"users":[{"name":"al","mfa":1},{"name":"root"}]}`, true}, {mfa, `{"users":[{"name":"root","mfa":null}]}`, false},
		{ref, `{"actor":{"id":7},"users":[{"id":3},{"id":7}]}`, true}, {ref, `{"actor":{"id":9},"users":[{"id":3,"actor":{"id":3}}]}`, false},
		{local, `{"conn":[{"ip":"10.0.0.1","proto":"udp"}]}`, true},
		{local, `{"conn":[{"ip":"10.0.0.1","proto":"tcp"},{"ip":"8.8.8.8","proto":"udp"}]}`, false},
		{peer, `{"conn":[{"peer":{"ip":"2.2.2.2"}},{"peer":{"ip":"1.1.1.1"}}]}`, true}, {peer, `{"conn":[{"peer.ip":"1.1.1.1"}]}`, true},
		{peer, `{"conn":[[{"peer":{"ip":"1.1.1.1"}}]]}`, true},
		{each("m", EachAny, on("ip", EqualFold, "1")), `{"m":[[{"ip":"2"},{"ip":"1"}]]}`, true},
		{nested, `{"a":[{"b":"xx"},{"b":"yx"}]}`, true}, {nested, `{"a":[{"b":"xx"},{"b":"y"}]}`, false},
		{nested, `{"a":[{"b":["xx","y"]},{"b":"yx"}]}`, true}, // the collected array is the first member
		{nested, `{"a":[{"b":["xx","y"]}]}`, false},           // the array is the only value: its elements are the members
		{kw, `{"m":[{"id":"2","t":"bad"},{"id":"1","t":"good"}]}`, false}, {kw, `{"m":[{"id":"1","t":["x","BAD"]}],"x":1}`, true},
		{expand, `{"User":"bob","m":[{"p":"\\home\\Bob","User":"eve"}]}`, true}, {expand, `{"User":"bob","m":[{"p":"\\home\\eve","User":"eve"}]}`, false},
		{index, `{"rules":[{"ip":["x"]},{"ip":["10.0.0.1","y"]}]}`, true}, {index, `{"rules":[{"ip":["y","10.0.0.1"]}]}`, false},
		{AnyOf{Not{conn}, tags}, `{"conn":[{"proto":"tcp","ip":"10.0.0.1"}],"tags":["app-1"]}`, true},
		{&Each{Field: "conn", Body: AllOf{}}, `{"conn":[1]}`, false},
	})
}

func TestScopesOfIndexedKeys(t *testing.T) {
	t.Parallel()
	one := each(Indexed+"conn[1]", EachOne, on("ip", EqualFold, "1.1.1.1"), on("proto", EqualFold, "tcp"))
	absent := each(Indexed+"conn[1]", EachOne, &Pred{Op: IsNull, Field: "ip"}, &Pred{Op: IsNull, Field: Self})
	deep := each(Indexed+"a.b[0]", EachOne, on("x", EqualFold, "1"), on("y", EqualFold, "2"))
	runHolds(t, []holds{
		{one, `{"conn":[{},{"ip":"1.1.1.1","proto":"TCP"}]}`, true},
		{one, `{"conn":[{"ip":"1.1.1.1","proto":"tcp"},{"ip":"1.1.1.1","proto":"udp"}]}`, false}, {one, `{}`, false},
		{one, `{"conn":[{},[{"ip":"1.1.1.1"},{"proto":"TCP"}]]}`, true}, // a member that is an array: each element is tried
		{absent, `{"conn":[{}]}`, true}, {absent, `{}`, true}, {absent, `{"conn":[{},null]}`, true}, {absent, `{"conn":[1,{"ip":1}]}`, false},
		{deep, `{"a":[{"b":[{"x":"1","y":"3"}]},{"b":[{"x":"1","y":"2"}]}]}`, true},
		{deep, `{"a":[{"b":[{"x":"1","y":"3"}]},{"b":[{"x":"2","y":"2"}]}]}`, false},
	})
}

func TestMembersOfKeyValueEvents(t *testing.T) {
	t.Parallel()
	tags := each("tags", EachAll, on(Self, PrefixFold, "app-"), keyword(SuffixFold, "1"), Not{on("x", Glob, "*")})
	id := tags.ID()
	ev := NewEvent()
	ev.Reset(ShapeKV, []byte("tags=APP-1"))
	ev.PutScalar(id, String, "APP-1", "app-1", "")
	for range 2 { // the second time with what the first left behind
		if !tags.Match(ev) {
			t.Error("a value is not its own member")
		}
	}
	ev.Reset(ShapePlain, []byte("tags"))
	if tags.Match(ev) {
		t.Error("a line has members")
	}
}

func TestAMemberForgetsTheOneBefore(t *testing.T) {
	t.Parallel()
	x := each("m", EachAll, &Pred{Op: Exists, Field: "a", Want: true})
	runHolds(t, []holds{
		{x, `{"m":[{"a":1},{"b":1}]}`, false}, {x, `{"m":[{"b":1},{"a":1}]}`, false}, {x, `{"m":[{"a":1},{"a":2}]}`, true},
	})
	ev := NewEvent()
	for range 3 {
		fill(t, ev, `{"m":[{"a":1},{"a":1}]}`, x)
		if !x.Match(ev) {
			t.Error("the first event does not match")
		}
		fill(t, ev, `{"m":[{"b":1}]}`, x)
		if x.Match(ev) {
			t.Error("the second event matches")
		}
	}
}

func TestFieldsOfARuleAreThoseOfTheWholeEvent(t *testing.T) {
	t.Parallel()
	r := Rule{Selections: []Selection{{Name: "s", Body: AllOf{
		on("a", EqualFold, "x"), Not{on("b", RefEqual, "c")}, AtLeast{1, []Expr{keyword(Contains, "k")}},
		each("m", EachAny, on("inner", RefEqual, "outer"), each("deep", EachAny, on("x", Expand, "%y%"))),
	}}}}
	got := ""
	r.FieldIDs(func(id FieldID) { got += id.Field().Name() + " " })
	if want := "a b c keyword m outer y "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
