package nats

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestThePlaceOfAMessageIsReadFromItsReplySubject(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string][2]uint64{
		"$JS.ACK.rsigma-a.c.1.42.7.1700000000000000000.3":              {42, 1},
		"$JS.ACK._.x8hash.rsigma-a.c.2.43.7.1700000000000000000.3":     {43, 2},
		"$JS.ACK.hub.x8hash.rsigma-a.c.3.44.7.1700000000000000.3.r4d":  {44, 3},
		"$JS.ACK._.x8hash.rsigma-a.c.5.45.7.1700000000000000000.3.x.y": {45, 5},
		"": {}, "reply": {}, "$JS.ACK.": {}, "$JS.ACK.a.c.1.42.7.17": {}, "$JS.ACK.a.c.1.42.7.17.3.x": {},
		"$JS.ACK.a.c.x.42.7.17.3": {}, "$JS.ACK.a.c.1.x.7.17.3": {}, "$JS.ACK.a.c.1.99999999999999999999.7.17.3": {}, "$JS.API.a.c.1.42.7.17.3": {},
	} {
		p, ok := place(reply)
		if ok != (want[0] > 0) || ok && (p.sequence != want[0] || p.times != want[1] || p.delivered != 7 || p.time < 1.7e15) {
			t.Errorf("%s: %+v, %v", reply, p, ok)
		}
	}
}

func TestWhatTheServerSaysIsNoMessage(t *testing.T) {
	t.Parallel()
	said := func(code, text string, pending ...string) *nats.Msg {
		h := nats.Header{"Status": {code}, "Description": {text}}
		if len(pending) > 0 {
			h["Nats-Pending-Messages"] = pending
		}
		return &nats.Msg{Header: h}
	}
	message := &nats.Msg{Reply: "$JS.ACK.a.c.1.1.1.1.1"}
	forged := said("503", "")
	forged.Reply = message.Reply
	for name, c := range map[string]struct {
		msg  *nats.Msg
		open int // of 200
		ok   bool
		want string
	}{
		"message":                         {message, 199, true, ""},
		"message that looks like an end":  {forged, 199, true, ""},
		"heartbeat":                       {said("100", "Idle Heartbeat"), 200, false, ""},
		"expired":                         {said("408", "Request Timeout", "150"), 50, false, ""},
		"batch completed, sent too early": {said("409", "Batch Completed", "0"), 200, false, ""},
		"too large":                       {said("409", "Message Size Exceeds MaxBytes", "199"), 1, false, ""},
		"more than was asked for":         {said("408", "Request Timeout", "1000"), 0, false, ""},
		"nonsense":                        {said("408", "Request Timeout", "-5"), 200, false, ""},
		"consumer deleted":                {said("409", "Consumer Deleted"), 200, false, "Consumer Deleted"},
		"leadership":                      {said("409", "Leadership Change"), 200, false, "Leadership Change"},
		"shutdown":                        {said("409", "Server Shutdown"), 200, false, errShutdown.Error()},
		"nobody there":                    {said("503", ""), 200, false, nats.ErrNoResponders.Error()},
		"bad request":                     {said("400", "Bad Request"), 200, false, "Bad Request"},
		"a long text":                     {said("400", strings.Repeat("x", 10_000)), 200, false, "xxx"},
	} {
		p := &pulls{open: batch}
		ok, err := p.heard(c.msg)
		if ok != c.ok || p.open != c.open || (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || len(err.Error()) > 600) {
			t.Errorf("%s: a message %v, %d open, %v", name, ok, p.open, err)
		}
	}
}

func TestAServerThatIsSilentIsNoticed(t *testing.T) {
	t.Parallel()
	p := &pulls{open: 1, last: time.Unix(1000, 0)}
	for after, want := range map[time.Duration]error{heartbeat: nil, 2*heartbeat - 1: nil, 2 * heartbeat: errSilence} {
		if err := p.check(p.last.Add(after)); !errors.Is(err, want) {
			t.Errorf("after %v: %v", after, err)
		}
	}
	p.open = 0
	if err := p.check(p.last.Add(time.Hour)); err != nil {
		t.Errorf("nothing was asked: %v", err)
	}
}

// TestLargeMessagesAreReadWithinTheBytesOfAPull reads more bytes than all pulls under way may bring.
func TestLargeMessagesAreReadWithinTheBytesOfAPull(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	in := open(t, b.options("a"))
	text := strings.Repeat("x", 700<<10)
	const total = 5 * batchBytes / (700 << 10)
	for i := range total {
		b.publish("a", fmt.Sprint(i, " ", text))
	}
	r := read(t, in, 100)
	for i := range total {
		if got := r.texts(1)[0]; !strings.HasPrefix(got, fmt.Sprint(i, " x")) {
			t.Fatalf("message %d begins with %.10q", i, got)
		}
	}
	b.settled(in, total)
	r.stop()
}

func TestAMessageWithTheHeadersOfAStatusIsAMessage(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	in := open(t, b.options("a"))
	evil := &nats.Msg{Subject: "a", Header: nats.Header{"Status": {"503"}}}
	if _, err := b.js.PublishMsg(t.Context(), evil); err != nil {
		t.Fatal(err)
	}
	b.publish("a", "1")
	r := read(t, in, 10)
	r.texts(1)
	b.settled(in, 2)
	r.stop()
}

func TestTheJetstreamPackageReadsTheSamePlace(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	in := open(t, b.options("a"))
	defer in.Close()
	b.publish("a", "1", "2", "3")
	c, err := b.js.Consumer(t.Context(), in.streamName(), in.name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Fetch(3, jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for msg := range got.Messages() {
		meta, err := msg.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		n++
		if p, ok := place(msg.Reply()); !ok || p.sequence != meta.Sequence.Stream || p.times != meta.NumDelivered || p.delivered != meta.Sequence.Consumer ||
			p.time != meta.Timestamp.UnixNano() {
			t.Errorf("%s: %+v, %v; want %+v", msg.Reply(), p, ok, meta)
		}
	}
	if n != 3 {
		t.Errorf("%d messages", n)
	}
}
