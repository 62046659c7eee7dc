package otlp

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc/credentials"
)

// TestTheOfficialExportersAreUnderstood sends one record with each of them, in plaintext and with TLS.
func TestTheOfficialExportersAreUnderstood(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, open := range map[string]func(in *Input) (sdk.Exporter, error){
		"HTTP": func(in *Input) (sdk.Exporter, error) {
			return otlploghttp.New(ctx, otlploghttp.WithEndpoint(serve(t, in)), otlploghttp.WithInsecure())
		},
		"HTTP, gzip": func(in *Input) (sdk.Exporter, error) {
			return otlploghttp.New(ctx, otlploghttp.WithEndpoint(serve(t, in)), otlploghttp.WithInsecure(),
				otlploghttp.WithCompression(otlploghttp.GzipCompression))
		},
		"HTTP, gzip, TLS": func(in *Input) (sdk.Exporter, error) {
			address, config := serveTLS(t, in)
			return otlploghttp.New(ctx, otlploghttp.WithEndpoint(address), otlploghttp.WithTLSClientConfig(config),
				otlploghttp.WithCompression(otlploghttp.GzipCompression))
		},
		"gRPC": func(in *Input) (sdk.Exporter, error) {
			return otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(serve(t, in)), otlploggrpc.WithInsecure())
		},
		"gRPC, gzip, TLS": func(in *Input) (sdk.Exporter, error) {
			address, config := serveTLS(t, in)
			return otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(address), otlploggrpc.WithTLSCredentials(credentials.NewTLS(config)),
				otlploggrpc.WithCompressor("gzip"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue, counts := intake(10), &tally{}
			exporter, err := open(ready(t, Options{Hooks: counts.hooks()}, queue))
			if err != nil {
				t.Fatal(err)
			}
			emit(t, exporter)
			got := rest(queue)
			const head, tail = `{"observed_timestamp":"`, `,"severity_number":9,"severity_text":"INFO","body":"login","user":"bo",` +
				`"n":7,"list":["a","b"],"resource.service.name":"test","scope.name":"scope","scope.version":"1"}`
			if len(got) != 1 || !strings.HasPrefix(got[0], head) || !strings.HasSuffix(got[0], tail) {
				t.Errorf("%q\nwant …%s", got, tail)
			}
			counts.verify(t, []string{strings.ToLower(name[:4]) + " protobuf"}, 1, nil)
		})
	}
}

// emit sends one record through the official library.
func emit(t *testing.T, exporter sdk.Exporter) {
	t.Helper()
	provider := sdk.NewLoggerProvider(
		sdk.WithProcessor(sdk.NewSimpleProcessor(exporter)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "test"))),
	)
	var r log.Record
	r.SetSeverity(log.SeverityInfo)
	r.SetSeverityText("INFO")
	r.SetBody(attribute.StringValue("login"))
	r.AddAttributes(attribute.String("user", "bo"), attribute.Int("n", 7), attribute.StringSlice("list", []string{"a", "b"}))
	provider.Logger("scope", log.WithInstrumentationVersion("1")).Emit(context.Background(), r)
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
