package otlp

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
)

// overGRPC calls LogsService.
type overGRPC struct {
	conn   *grpc.ClientConn
	client collector.LogsServiceClient
	host   string
}

// reconnect bounds how long a collector that is back goes unnoticed. How often results are tried is not decided here.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
	MinConnectTimeout: 5 * time.Second,
}

func newGRPC(t target, config *tls.Config, version string) (*overGRPC, error) {
	secure := insecure.NewCredentials()
	if config != nil {
		secure = credentials.NewTLS(config)
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(secure), grpc.WithConnectParams(reconnect), grpc.WithUserAgent(userAgent(version)),
		grpc.WithNoProxy(), grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithIdleTimeout(0),
	}
	if t.gzip {
		opts = append(opts, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	conn, err := grpc.NewClient("dns:///"+t.host, opts...)
	if err != nil {
		return nil, err
	}
	return &overGRPC{conn: conn, client: collector.NewLogsServiceClient(conn), host: t.host}, nil
}

func (g *overGRPC) export(ctx context.Context, req *collector.ExportLogsServiceRequest) (*collector.ExportLogsPartialSuccess, error) {
	reply, err := g.client.Export(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("export to %s: %w", g.host, err)
	}
	return reply.PartialSuccess, nil
}

func (g *overGRPC) close() error { return g.conn.Close() }
