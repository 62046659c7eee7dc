package frame

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rsigma-go/rsigma/rtlib/evtx"
)

// Handler receives the events of an input one after the other. The bytes are valid during the call only. Line is where the event
// stands, from 1, or 0 in inputs that are not read by lines.
type Handler struct {
	Event func(data []byte, line int64)
	// Bad is told of lines that are over the limit, and of damage in event logs (line 0). Reading goes on.
	Bad func(line int64, err error)
}

// maxDocument bounds a file that is read as a whole, after decompression.
const maxDocument = 256 << 20

// Events reads a file of events, which may be compressed with gzip: a Windows event log, or JSON. If the first line of JSON is a complete JSON value it is read line by
// line, else as JSON documents, pretty-printed or one after the other; the elements of an array are events. A file that turns out
// not to be a sequence of documents is read by lines after all. The error is that of the reader.
func Events(in io.Reader, h Handler) error {
	r := bufio.NewReaderSize(in, 64<<10)
	head, err := r.Peek(2)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read events: %w", err) // Peek takes the error away from the reads that follow
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("read gzip: %w", err)
		}
		r = bufio.NewReaderSize(zr, 64<<10)
	}
	if head, _ := r.Peek(len(evtx.Signature)); string(head) == evtx.Signature {
		return h.eventLog(r)
	}
	first, rest, err := firstLine(r)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if opensDocument(first) {
		return h.documents(rest)
	}
	return h.lines(rest)
}

// eventLog reads the records of a Windows event log.
func (h Handler) eventLog(in io.Reader) error {
	for record, err := range evtx.Records(in) {
		var damage *evtx.Error
		switch {
		case err == nil:
			h.Event(record.JSON, 0)
		case errors.As(err, &damage):
			h.Bad(0, damage)
		default:
			return err
		}
	}
	return nil
}

// firstLine returns the first line that is not blank, and a reader that begins with it.
func firstLine(r *bufio.Reader) (line []byte, rest io.Reader, err error) {
	var read bytes.Buffer
	for read.Len() <= MaxLine {
		chunk, err := r.ReadSlice('\n')
		read.Write(chunk)
		line = append(line, chunk...)
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return nil, nil, err
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF || len(bytes.TrimSpace(line)) > 0 {
			break
		}
		line = line[:0]
	}
	return line, io.MultiReader(&read, r), nil
}

// opensDocument reports whether line begins a JSON object or array and goes on behind it or beyond it.
func opensDocument(line []byte) bool {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF")))
	return len(line) > 0 && len(line) <= MaxLine && (line[0] == '{' || line[0] == '[') && !json.Valid(line)
}

// lines reads one event a line.
func (h Handler) lines(in io.Reader) error {
	r := NewReader(in)
	for {
		line, err := r.Next()
		switch {
		case err == nil:
			h.Event(line, r.Number())
		case errors.Is(err, ErrTooLong):
			h.Bad(r.Number(), err)
		case err == io.EOF:
			return nil
		default:
			return fmt.Errorf("read events: %w", err)
		}
	}
}

// documents reads JSON documents that may span lines. If the input turns out not to be a sequence of such documents, it is
// read line by line after all, so that one bad line costs that line only.
func (h Handler) documents(in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	docs, ok := splitDocuments(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	if !ok {
		return h.lines(io.MultiReader(bytes.NewReader(data), in))
	}
	for _, doc := range docs {
		h.Event(doc, 0)
	}
	return nil
}

// splitDocuments splits data into JSON values; arrays at the top give their elements. It fails if any part is not JSON.
func splitDocuments(data []byte) ([]json.RawMessage, bool) {
	if len(data) > maxDocument {
		return nil, false
	}
	var docs []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var doc json.RawMessage
		switch err := dec.Decode(&doc); {
		case err == io.EOF:
			return docs, true
		case err != nil:
			return nil, false
		}
		var elements []json.RawMessage
		if doc[0] == '[' && json.Unmarshal(doc, &elements) == nil {
			docs = append(docs, elements...)
			continue
		}
		docs = append(docs, doc)
	}
}
