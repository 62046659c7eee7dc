package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"
)

// overHTTP sends protobuf bodies.
type overHTTP struct {
	client *http.Client
	url    string
	gzip   bool
	agent  string
}

func newHTTP(t target, config *tls.Config, version string) *overHTTP {
	scheme := "http://"
	if t.secure {
		scheme = "https://"
	}
	return &overHTTP{
		url: scheme + t.host + t.path, gzip: t.gzip, agent: userAgent(version),
		client: &http.Client{
			Transport: &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 1, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true},
			// Results go where they are told to, or nowhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func userAgent(version string) string { return "rsigmad/" + version }

// maxReply bounds what is read of a reply.
const maxReply = 64 << 10

func (h *overHTTP) export(ctx context.Context, req *collector.ExportLogsServiceRequest) (*collector.ExportLogsPartialSuccess, error) {
	r, err := h.newRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	resp, err := h.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("POST %s: %s: %s", h.url, resp.Status, cut(string(body)))
	}
	reply := &collector.ExportLogsServiceResponse{}
	if err != nil || proto.Unmarshal(body, reply) != nil {
		return nil, nil // the results are taken, whatever else was to be said
	}
	return reply.PartialSuccess, nil
}

func (h *overHTTP) newRequest(ctx context.Context, req *collector.ExportLogsServiceRequest) (*http.Request, error) {
	body, err := proto.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode results: %w", err)
	}
	if h.gzip {
		body = zipped(body)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("User-Agent", h.agent)
	if h.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	return r, nil
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b) // a buffer takes everything
	z.Close()
	return out.Bytes()
}

func (h *overHTTP) close() error {
	h.client.CloseIdleConnections()
	return nil
}
