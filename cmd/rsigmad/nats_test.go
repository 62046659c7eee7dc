package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// readStream returns the payloads of all messages of a stream.
func readStream(t *testing.T, j jetstream.JetStream, name string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stream, err := j.Stream(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	out := make([]string, 0, info.State.Msgs)
	for range info.State.Msgs {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(m.Data()))
	}
	return out
}

// TestAKilledDaemonLosesAndDoublesNothingOverNATS kills the daemon again and again while it reads from NATS and writes to NATS: in the
// end each event has exactly one result, since unacknowledged messages come again and repeated results have the ids of the first ones.
func TestAKilledDaemonLosesAndDoublesNothingOverNATS(t *testing.T) {
	t.Parallel()
	n, kills := scale(3000, 20_000), scale(4, 20)
	s := natstest.StartJetStream(t)
	j := s.Client()
	ctx := t.Context()
	if _, err := j.CreateStream(ctx, jetstream.StreamConfig{Name: "rsigma-events", Subjects: []string{"events.>"}}); err != nil {
		t.Fatal(err)
	}
	// A short ack wait, so that the test does not wait for half a minute after each kill.
	if _, err := j.CreateConsumer(ctx, "rsigma-events", jetstream.ConsumerConfig{
		Durable: "rsigma-daemon-events", FilterSubject: "events.>", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Second, MaxAckPending: 20_000,
	}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if _, err := j.PublishAsync("events.x", fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	<-j.PublishAsyncComplete()
	url := s.ClientURL()
	args := []string{"-r", write(t, "r.yml", numbered), "--input", url + "/events.>", "--output", url + "/detections", "--metrics-extended"}
	for range kills {
		p := launch(t, args...).ready()
		p.waitForMetric("rsigma_detection_matches_total", float64(n/kills/4))
		p.cmd.Process.Kill()
		<-p.exited
	}
	p := launch(t, args...).ready()
	seen := map[int]int{}
	for deadline := time.Now().Add(time.Minute); len(seen) < n; pause() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events have a result\n%s", len(seen), n, p.log())
		}
		clear(seen)
		for _, k := range numbers(t, readStream(t, j, "rsigma-detections")) {
			seen[k]++
		}
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("event %d has %d results", k, times)
		}
	}
	m := p.metrics()
	t.Logf("%d events, %d kills; the last daemon saw %v redelivered messages and %v repeated results", n, kills,
		m["rsigma_nats_redelivered_total"], m[`rsigma_duplicates_suppressed_total{where="sink"}`])
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	info, err := mustConsumer(t, j).Info(ctx)
	if err != nil || info.NumAckPending != 0 || info.NumPending != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

func mustConsumer(t *testing.T, j jetstream.JetStream) jetstream.Consumer {
	t.Helper()
	c, err := j.Consumer(t.Context(), "rsigma-events", "rsigma-daemon-events")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheNATSServerMayGoAway restarts the server while the daemon reads from it and writes to it.
func TestTheNATSServerMayGoAway(t *testing.T) {
	t.Parallel()
	s := natstest.StartJetStream(t)
	url := s.ClientURL()
	const n = 2000
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", url+"/in", "--output", url+"/out").ready()
	publish := func(j jetstream.JetStream, from, to int) {
		t.Helper()
		for i := from; i <= to; i++ {
			if _, err := j.PublishAsync("in", fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
		<-j.PublishAsyncComplete()
	}
	publish(s.Client(), 1, n/2)
	p.waitForMetric("rsigma_events_processed_total", 10)
	s.Stop()
	if status, _ := p.get("/readyz"); status != 200 {
		t.Errorf("not ready while the server is away: %d", status)
	}
	s.Start()
	j := s.Client()
	publish(j, n/2+1, n)
	seen := map[int]int{}
	for deadline := time.Now().Add(90 * time.Second); len(seen) < n; pause() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events have a result\n%s", len(seen), n, p.log())
		}
		clear(seen)
		for _, k := range numbers(t, readStream(t, j, "rsigma-out")) {
			seen[k]++
		}
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("event %d has %d results", k, times)
		}
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestADaemonOfAGroupMayBeKilledOverNATS kills one of two daemons of a group: the other one gets what was under way, and in the end each
// event has exactly one result.
func TestADaemonOfAGroupMayBeKilledOverNATS(t *testing.T) {
	t.Parallel()
	s := natstest.StartJetStream(t)
	j := s.Client()
	if _, err := j.CreateStream(t.Context(), jetstream.StreamConfig{Name: "rsigma-in", Subjects: []string{"in"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.CreateConsumer(t.Context(), "rsigma-in", jetstream.ConsumerConfig{
		Durable: "team", FilterSubject: "in", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Second, MaxAckPending: 20_000,
	}); err != nil {
		t.Fatal(err)
	}
	url := s.ClientURL()
	args := []string{"-r", write(t, "r.yml", numbered), "--input", url + "/in", "--consumer-group", "team", "--output", url + "/out", "--metrics-extended"}
	victim, other := launch(t, args...).ready(), launch(t, args...).ready()
	killed, published := make(chan struct{}), make(chan int)
	go func() { // until the end of the victim, so that it has messages under way then
		n := 0
		for running := true; running; {
			select {
			case <-killed:
				running = false
			default:
			}
			n++
			if _, err := j.PublishAsync("in", fmt.Appendf(nil, `{"n":%d}`, n), jetstream.WithStallWait(time.Minute)); err != nil {
				t.Error(err)
				running = false
			}
		}
		<-j.PublishAsyncComplete()
		published <- n
	}()
	victim.waitForMetric("rsigma_detection_matches_total", float64(scale(500, 20_000)))
	victim.cmd.Process.Kill()
	<-victim.exited
	close(killed)
	n := <-published
	seen := map[int]int{}
	for deadline := time.Now().Add(time.Minute); len(seen) < n; pause() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events have a result\n%s", len(seen), n, other.log())
		}
		clear(seen)
		for _, k := range numbers(t, readStream(t, j, "rsigma-out")) {
			seen[k]++
		}
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("event %d has %d results", k, times)
		}
	}
	m := other.metrics()
	t.Logf("%d events, one of two daemons killed: the other one got %v messages again and repeated %v results, which the server dropped", n,
		m["rsigma_nats_redelivered_total"], m[`rsigma_duplicates_suppressed_total{where="sink"}`])
	if m["rsigma_nats_redelivered_total"] == 0 {
		t.Error("the one that was killed had nothing under way")
	}
	if status := other.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestDeadLettersAndGroupsWorkOverNATS runs two daemons in one group: each message is judged by one of them, and what cannot be parsed is in
// the dead letters once.
func TestDeadLettersAndGroupsWorkOverNATS(t *testing.T) {
	t.Parallel()
	const n = 1000
	s := natstest.StartJetStream(t)
	j := s.Client()
	url := s.ClientURL()
	args := []string{"-r", write(t, "r.yml", numbered), "--input", url + "/in", "--input-format", "json", "--consumer-group", "team",
		"--output", url + "/out", "--dlq", url + "/dead"}
	a := launch(t, args...).ready()
	b := launch(t, args...).ready()
	for i := 1; i <= n; i++ {
		text := fmt.Sprintf(`{"n":%d}`, i)
		if i%10 == 0 {
			text = fmt.Sprintf(`{"n":%d`, i)
		}
		if _, err := j.PublishAsync("in", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	<-j.PublishAsyncComplete()
	total := func(name string) float64 { return a.metrics()[name] + b.metrics()[name] }
	for deadline := time.Now().Add(time.Minute); total("rsigma_events_processed_total")+total("rsigma_events_parse_errors_total") < n; pause() {
		if time.Now().After(deadline) {
			t.Fatalf("%v processed", total("rsigma_events_processed_total"))
		}
	}
	for _, p := range []*process{a, b} {
		if p.metrics()["rsigma_events_processed_total"] == 0 {
			t.Error("a daemon of the group got nothing")
		}
		if status := p.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
	seen := map[int]int{}
	for _, k := range numbers(t, readStream(t, j, "rsigma-out")) {
		seen[k]++
	}
	for _, line := range readStream(t, j, "rsigma-dead") {
		var letter struct {
			Event  string `json:"original_event"`
			Error  string
			Source struct {
				Type, Stream string
				Sequence     int
			}
		}
		if err := json.Unmarshal([]byte(line), &letter); err != nil || letter.Error != "parse error" || letter.Source.Stream != "rsigma-in" || letter.Source.Sequence == 0 {
			t.Errorf("%v: %s", err, line)
		}
		var e struct{ N int }
		if err := json.Unmarshal([]byte(letter.Event+"}"), &e); err != nil {
			t.Fatal(err)
		}
		seen[e.N]++
	}
	for i := 1; i <= n; i++ {
		if seen[i] != 1 {
			t.Fatalf("event %d is there %d times", i, seen[i])
		}
	}
	if got := len(readStream(t, j, "rsigma-dead")); got != n/10 || !strings.Contains(a.log(), "NATS source started") {
		t.Errorf("%d dead letters", got)
	}
}
