package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// heavy is more than a Unix socket holds that nobody reads: a result of that size hangs.
var heavy = strings.Repeat("x", 512<<10)

// heavyEvent is event n of a counting workload with one user.
func heavyEvent(n int) string { return fmt.Sprintf(`{"n":%d,"user":"u0","pad":%q}`, n, heavy) }

// heavyRecords is a request with the same events, n and n+1.
func heavyRecords(n int64) *collector.ExportLogsServiceRequest {
	req := logRequest(n)
	for i := range int64(2) {
		r := logRequest(n + i).ResourceLogs[0].ScopeLogs[0].LogRecords[0]
		for key, value := range map[string]string{"user": "u0", "pad": heavy} {
			list := r.Body.GetKvlistValue()
			list.Values = append(list.Values, &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}})
		}
		scope := req.ResourceLogs[0].ScopeLogs[0]
		scope.LogRecords = append(scope.LogRecords[:i], r)
	}
	return req
}

// syncHTTP posts two events from n on and returns what is wrong with the answer.
func syncHTTP(ctx context.Context, url, key string, n int) error {
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(heavyEvent(n)+"\n"+heavyEvent(n+1)))
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var got struct{ Accepted, Committed, Failed int }
	if err := json.Unmarshal(text, &got); err != nil || resp.StatusCode != 200 || got.Accepted != 2 || got.Committed != 2 || got.Failed != 0 {
		return fmt.Errorf("status %d, %s", resp.StatusCode, text)
	}
	return nil
}

// exportHTTP exports two events from n on.
func exportHTTP(ctx context.Context, url string, n int) error {
	body, err := proto.Marshal(heavyRecords(int64(n)))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// exportGRPC does the same over gRPC.
func exportGRPC(ctx context.Context, url string, n int) error {
	conn, err := grpc.NewClient(strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = collector.NewLogsServiceClient(conn).Export(ctx, heavyRecords(int64(n)))
	return err
}

// TestSyncAnswersComeWithTheCommitAlsoIfASinkHangs asks over every transport while nobody reads from the only sink. A client that gets no
// answer sends again, and what it sends counts again. The daemon ends with all results undelivered; the next one, with a sink that works,
// delivers each once.
func TestSyncAnswersComeWithTheCommitAlsoIfASinkHangs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		durability string
		end        func(*process)
	}{
		"killed": {"process", func(p *process) { p.cmd.Process.Kill(); p.wait() }},
		"stopped": {"power", func(p *process) {
			if status := p.stop(); status != 0 {
				t.Errorf("exit status %d\n%s", status, p.log())
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stuck, _ := overUnix(t, 0)
			dir := t.TempDir()
			args := []string{"-r", write(t, "r.yml", countingRules), "--input", "http", "--state-db", filepath.Join(dir, "state.db"), "--durability", c.durability,
				"--include-event", "--metrics-extended", "--drain-timeout", "1"}
			p := launch(t, append(args, "--output", stuck.output)...).ready()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			sync := p.url("/api/v1/events?sync=true")
			for i, err := range []error{
				syncHTTP(ctx, sync, "", 0), syncHTTP(ctx, sync, "key", 2), syncHTTP(ctx, sync, "key", 2), exportHTTP(ctx, p.url("/v1/logs"), 4),
				exportGRPC(ctx, p.url("/"), 6),
			} {
				if err != nil {
					t.Errorf("request %d, with a sink that hangs: %v", i, err)
				}
			}
			work := counting{users: 1}
			m := p.metrics()
			if f := figuresOf(m, "unix"); f.done() > 0 || f.queued == 0 || m["rsigma_outbox_bytes"] < float64(8*len(heavy)) || m["rsigma_events_processed_total"] != 8 {
				t.Fatalf("the sink does not hang, or not everything is kept: %+v, %v bytes, %v events", f, m["rsigma_outbox_bytes"], m["rsigma_events_processed_total"])
			}
			c.end(p)
			out := filepath.Join(dir, "out.ndjson")
			p = launch(t, append(args, "--output", "file://"+out)...).ready()
			if err := syncHTTP(ctx, p.url("/api/v1/events?sync=true"), "", 8); err != nil {
				t.Error(err)
			}
			p.waitForNoOutbox()
			if err := work.check(resultLines(t, out), 10); err != nil {
				t.Error(err)
			}
			if status := p.stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

// TestSyncWaitsForTheSinksWithoutACommitLog is the control of the test before, and the promise of a daemon that keeps nothing.
func TestSyncWaitsForTheSinksWithoutACommitLog(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"none", "snapshot"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			stuck, reader := overUnix(t, 0)
			args := []string{"-r", write(t, "r.yml", countingRules), "--input", "http", "--include-event", "--metrics-extended", "--durability", durability,
				"--output", stuck.output}
			if durability == "snapshot" {
				args = append(args, "--state-db", filepath.Join(t.TempDir(), "state.db"))
			}
			p := launch(t, args...).ready()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			answer := make(chan error, 1)
			url := p.url("/api/v1/events?sync=true")
			go func() { answer <- syncHTTP(ctx, url, "", 0) }()
			p.waitForMetric("rsigma_events_processed_total", 2)
			for range 20 { // a daemon that is right passes however long this is
				select {
				case err := <-answer:
					t.Fatalf("answered while the sink hangs: %v", err)
				default:
				}
				pause()
			}
			reader.run(t)
			if err := <-answer; err != nil {
				t.Error(err)
			}
			if got := figuresOf(p.metrics(), "unix"); got.delivered != 2 {
				t.Errorf("answered before the sink has everything: %+v", got)
			}
			if status := p.stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}
