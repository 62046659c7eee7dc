package otlp

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // requests may be compressed
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// newGRPC returns a server without a listener of its own. Export is declared as a stream, which on the wire is the same as a call, so
// that messages over the limit come by here and are counted.
func newGRPC(in *Input) *grpc.Server {
	s := grpc.NewServer(grpc.MaxRecvMsgSize(maxGRPC), grpc.ForceServerCodecV2(rawCodec{}))
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.logs.v1.LogsService",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Export", ClientStreams: true, Handler: export}},
		Metadata:    "opentelemetry/proto/collector/logs/v1/logs_service.proto",
	}, in)
	return s
}

// maxFramed is a message with what is around it on the wire.
const maxFramed = maxGRPC + 64

// serveGRPC answers calls. The library reads bodies as fast as they come and keeps what nobody has asked for, so they are bounded here.
func (in *Input) serveGRPC(w http.ResponseWriter, r *http.Request) {
	s := &share{of: &in.bodies}
	defer s.free()
	r.Body = &countedBody{ReadCloser: r.Body, limited: limited{r: r.Body, max: maxFramed}, share: s}
	if _, ok := w.(http.Flusher); !ok {
		w = flusher{w, http.NewResponseController(w)}
	}
	in.grpc.ServeHTTP(w, r)
}

// countedBody takes what it reads from a share.
type countedBody struct {
	io.ReadCloser
	limited limited
	share   *share
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.limited.Read(p)
	if !b.share.take(int64(n)) {
		return 0, errBusy
	}
	return n, err
}

// flusher makes what a wrapped ResponseWriter can do visible to who asks for an http.Flusher.
type flusher struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (f flusher) Flush() { f.control.Flush() } // the library ignores failures, and finds them at the next write

// export implements LogsService/Export.
func export(service any, stream grpc.ServerStream) error {
	in := service.(*Input)
	var body []byte
	if err := stream.RecvMsg(&body); err != nil {
		if errors.Is(err, io.EOF) {
			return status.Error(codes.InvalidArgument, "a request is missing")
		}
		if status.Code(err) == codes.ResourceExhausted {
			in.failed("grpc", "too_large")
		}
		return err
	}
	s := &share{of: &in.bodies} // what was received is counted by the transport; decompressed it may be more
	defer s.free()
	done, no := in.accept(stream.Context(), "grpc", encodingProtobuf, body, s)
	if no != nil {
		in.failed("grpc", no.reason)
		return no.grpcError()
	}
	return stream.SendMsg(done.protobuf())
}

// rawCodec leaves messages as they are: decoding them is bounded in memory, which needs a look at them before.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive %T", v)
	}
	*b = data.Materialize()
	return nil
}
