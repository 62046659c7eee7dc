package otlp

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/rtlib"
)

// serveHTTP answers POST /v1/logs.
func (in *Input) serveHTTP(w http.ResponseWriter, r *http.Request) {
	encoding, no := mediaType(r.Header.Get("Content-Type"))
	if no == nil {
		var done accepted
		if done, no = in.acceptHTTP(r, encoding); no == nil {
			writeAccepted(w, encoding, done)
			return
		}
	}
	in.failed("http", no.reason)
	writeRefusal(w, no)
}

// acceptHTTP queues the records of a request.
func (in *Input) acceptHTTP(r *http.Request, encoding string) (accepted, *refusal) {
	s := &share{of: &in.bodies}
	defer s.free()
	body, no := in.readHTTP(r, s)
	if no != nil {
		return accepted{}, no
	}
	return in.accept(r.Context(), "http", encoding, body, s)
}

// mediaType returns the encoding of a body with this Content-Type.
func mediaType(header string) (string, *refusal) {
	name, _, err := mime.ParseMediaType(header)
	if err != nil {
		name, _, _ = strings.Cut(strings.ToLower(header), ";")
	}
	switch strings.TrimSpace(name) {
	case "", "application/x-protobuf", "application/protobuf":
		return encodingProtobuf, nil
	case "application/json":
		return encodingJSON, nil
	}
	return "", &refusal{status: http.StatusUnsupportedMediaType, reason: "unsupported_content_type", text: "unsupported content type: " + header}
}

// readHTTP reads a body, decompressed, within both limits.
func (in *Input) readHTTP(r *http.Request, s *share) ([]byte, *refusal) {
	raw := &limited{r: r.Body, max: in.opts.MaxBody}
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		body, err := readAll(&limited{r: raw, max: maxDecompressed}, s)
		return body, bodyRefusal(err, "decode", "decode failed: ")
	case "gzip":
		body, err := readGzip(raw, s)
		return body, bodyRefusal(err, "decompression", "decompression failed: ")
	}
	return nil, &refusal{status: http.StatusUnsupportedMediaType, reason: "unsupported_content_type", text: "unsupported content encoding"}
}

func readGzip(raw io.Reader, s *share) ([]byte, error) {
	z, err := gzip.NewReader(raw)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return readAll(&limited{r: z, max: maxDecompressed}, s)
}

// bodyRefusal says what a failure to read a body means.
func bodyRefusal(err error, reason, text string) *refusal {
	var large tooLarge
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return refuseLarge(large.max)
	case errors.Is(err, errBusy):
		return refuseFull()
	}
	return &refusal{status: http.StatusBadRequest, reason: reason, text: text + err.Error()}
}

// writeAccepted answers a request in its own encoding.
func writeAccepted(w http.ResponseWriter, encoding string, done accepted) {
	if encoding == encodingProtobuf {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(http.StatusOK)
		w.Write(done.protobuf())
		return
	}
	text := []byte(`{"partialSuccess":{`)
	if done.rejected > 0 { // 64-bit integers are strings in the JSON of protocol buffers
		text = append(strconv.AppendInt(append(text, `"rejectedLogRecords":"`...), done.rejected, 10), `","errorMessage":`...)
		text = rtlib.AppendJSONString(text, done.message())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	w.Write(append(text, "}}"...))
}

// protobuf returns the message of a reply; it is empty unless records were refused.
func (a accepted) protobuf() []byte {
	if a.rejected == 0 {
		return nil
	}
	out, _ := proto.Marshal(&collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{
		RejectedLogRecords: a.rejected, ErrorMessage: a.message(),
	}}) // plain data
	return out
}

// writeRefusal answers a request that failed.
func writeRefusal(w http.ResponseWriter, no *refusal) {
	if no.status == http.StatusServiceUnavailable || no.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	text := rtlib.AppendJSONString([]byte(`{"error":`), no.text)
	if no.max > 0 {
		text = strconv.AppendInt(append(text, `,"max_bytes":`...), no.max, 10)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.status)
	w.Write(append(text, '}'))
}
