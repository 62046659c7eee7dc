package otlp

import (
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// refusal is why a request failed, for both transports.
type refusal struct {
	status int    // of HTTP
	reason string // of the metric; empty if it does not count
	text   string
	max    int64 // the limit of a body that is too large
}

func refuseLarge(max int64) *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, reason: "too_large", text: tooLarge{}.Error(), max: max}
}

func refuseFull() *refusal {
	return &refusal{status: http.StatusTooManyRequests, reason: "queue_full", text: "event queue full"}
}

func refuseClosed() *refusal {
	return &refusal{status: http.StatusServiceUnavailable, reason: "channel_closed", text: "event channel closed"}
}

func refuseDecode(err error) *refusal {
	return &refusal{status: http.StatusBadRequest, reason: "decode", text: "decode failed: " + plain(err)}
}

// refuseUncommitted is not counted: nothing of the request was refused.
func refuseUncommitted(text string) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, text: text}
}

// retryAfter is what gRPC clients are asked to wait; over HTTP it is the header Retry-After.
const retryAfter = time.Second

// grpcError returns what a gRPC client gets. Without retry information clients take RESOURCE_EXHAUSTED for final, which suits a message
// that is too large.
func (no *refusal) grpcError() error {
	switch no.status {
	case http.StatusServiceUnavailable:
		return again(codes.Unavailable, no.text)
	case http.StatusRequestEntityTooLarge:
		return status.Error(codes.ResourceExhausted, no.text)
	case http.StatusTooManyRequests:
		return again(codes.ResourceExhausted, no.text)
	}
	return status.Error(codes.InvalidArgument, no.text)
}

// again returns an error with the information that the client may come again.
func again(code codes.Code, text string) error {
	s := status.New(code, text)
	if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); err == nil {
		s = detailed
	}
	return s.Err()
}

// accepted is what became of a request that did not fail.
type accepted struct{ rejected int64 }

func (a accepted) message() string {
	return "log records over " + strconv.Itoa(maxEvent) + " bytes, flattened, are refused: " + strconv.FormatInt(a.rejected, 10) +
		"; send shorter records"
}
