package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// fromEvents returns a request whose records flatten to the events of the contract again.
func fromEvents(events []string) *collector.ExportLogsServiceRequest {
	var records []*logs.LogRecord
	for _, text := range events {
		var e struct {
			Event int64
			Pad   string
		}
		json.Unmarshal([]byte(text), &e)
		records = append(records, &logs.LogRecord{Body: kvlist(pair("event", integer(e.Event)), pair("pad", str(e.Pad)))})
	}
	return exportOf(nil, nil, records...)
}

func TestContractOverHTTP(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(t *testing.T) flowtest.Source {
		in := New(Options{MaxBody: 64 << 20})
		address := serve(t, in)
		ctx, stop := context.WithCancel(context.Background())
		return flowtest.Source{Input: in, Type: "otlp", Stop: stop, Send: func(events []string) {
			body := marshal(t, fromEvents(events))
			for ctx.Err() == nil && strings.Contains(postTo(ctx, "http://"+address+PathHTTP, body), closedReply) && !in.closed.Load() {
			}
		}}
	})
}

// postTo sends a body over a connection of its own.
func postTo(ctx context.Context, url string, body []byte) string {
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

func TestContractOverGRPC(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(t *testing.T) flowtest.Source {
		in := New(Options{})
		client := dial(t, serve(t, in), nil)
		ctx, stop := context.WithCancel(context.Background())
		return flowtest.Source{Input: in, Type: "otlp", Stop: stop, Send: func(events []string) {
			req := fromEvents(events)
			for ctx.Err() == nil && !in.closed.Load() {
				if _, err := client.Export(ctx, req); err == nil {
					return
				}
			}
		}}
	})
}
