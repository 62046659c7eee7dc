package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rsigma-go/rsigma/daemon/input/lines"
	"github.com/rsigma-go/rsigma/rtlib/evtx"
)

// maxDocument bounds a file that is read as a whole, after decompression.
const maxDocument = 256 << 20

// events evaluates all events of in, which may be compressed with gzip. What its format is shows in its first bytes.
func (d *detector) events(in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	if head, _ := r.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("read gzip: %w", err)
		}
		r = bufio.NewReaderSize(zr, 64<<10)
	}
	if head, _ := r.Peek(len(evtx.Signature)); string(head) == evtx.Signature {
		return d.eventLog(r)
	}
	first, rest, err := firstLine(r)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if opensDocument(first) {
		return d.documents(rest)
	}
	return d.lines(rest)
}

// eventLog evaluates the records of a Windows event log. What is damaged counts as bad, with its place in the file.
func (d *detector) eventLog(in io.Reader) error {
	for record, err := range evtx.Records(in) {
		var damage *evtx.Error
		switch {
		case err == nil:
			d.event(record.JSON, 0)
		case errors.As(err, &damage):
			d.badLine(0, damage)
		default:
			return err
		}
	}
	return nil
}

// firstLine returns the first line that is not blank, and a reader that begins with it.
func firstLine(r *bufio.Reader) (line []byte, rest io.Reader, err error) {
	var read bytes.Buffer
	for read.Len() <= lines.MaxLine {
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
	return len(line) > 0 && len(line) <= lines.MaxLine && (line[0] == '{' || line[0] == '[') && !json.Valid(line)
}

// lines evaluates one event a line.
func (d *detector) lines(in io.Reader) error {
	r := lines.NewReader(in)
	for {
		line, err := r.Next()
		switch {
		case err == nil:
			d.event(line, r.Number())
		case errors.Is(err, lines.ErrTooLong):
			d.badLine(r.Number(), err)
		case err == io.EOF:
			return nil
		default:
			return fmt.Errorf("read events: %w", err)
		}
	}
}

// documents evaluates JSON documents that may span lines. If the input turns out not to be a sequence of such documents, it is
// read line by line after all, so that one bad line costs that line only.
func (d *detector) documents(in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	docs, ok := splitDocuments(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	if !ok {
		return d.lines(io.MultiReader(bytes.NewReader(data), in))
	}
	for _, doc := range docs {
		d.event(doc, 0)
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
