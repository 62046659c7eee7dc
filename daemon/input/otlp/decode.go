package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Encodings of requests, as the metric spells them.
const (
	encodingProtobuf = "protobuf"
	encodingJSON     = "json"
)

// sound returns the request of any body as one that was checked would be: encoded, with nothing odd in it.
func sound(encoding string, body []byte) ([]byte, error) {
	req, err := unmarshal(encoding, body)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(req)
}

// unmarshal decodes a body.
func unmarshal(encoding string, body []byte) (*collector.ExportLogsServiceRequest, error) {
	req := &collector.ExportLogsServiceRequest{}
	if encoding == encodingProtobuf {
		return req, proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, req)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, req); err != nil {
		return nil, err
	}
	return req, hexIDs(req)
}

// hexIDs repairs ids: OTLP writes them in hexadecimal where the JSON of protocol buffers has base64, and hexadecimal text of their
// length is valid base64 that can be turned back.
func hexIDs(req *collector.ExportLogsServiceRequest) error {
	for _, resource := range req.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			for _, r := range scope.LogRecords {
				var err error
				if r.TraceId, err = hexID("traceId", r.TraceId, 16); err != nil {
					return err
				}
				if r.SpanId, err = hexID("spanId", r.SpanId, 8); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hexID(name string, id []byte, size int) ([]byte, error) {
	if len(id) == 0 {
		return nil, nil
	}
	out, err := hex.DecodeString(base64.StdEncoding.EncodeToString(id))
	if err != nil || len(out) != size {
		return nil, fmt.Errorf("%s: want %d hexadecimal digits", name, 2*size)
	}
	return out, nil
}

// plain returns the text of an error with ordinary blanks; the library varies them.
func plain(err error) string { return strings.ReplaceAll(err.Error(), "\u00a0", " ") }
