package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib/evtx"
)

// maxEventFile bounds a file of events in bytes.
const maxEventFile = 256 << 20

// openEvents opens a file of events and checks its size.
func openEvents(p string) (*os.File, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > maxEventFile {
		err = fmt.Errorf("%s has more than %d bytes", p, maxEventFile)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// eventLog reads the records of a Windows event log. What is damaged is noted; only a log without any record is an error.
func eventLog(fixture *Fixture, p string) (events [][]byte, err error) {
	f, err := openEvents(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for record, err := range evtx.Records(f) {
		var damage *evtx.Error
		switch {
		case err == nil:
			events = append(events, bytes.Clone(record.JSON))
		case errors.As(err, &damage):
			fixture.Damage = append(fixture.Damage, fmt.Sprintf("%s: %v", p, damage))
		default:
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	if len(events) == 0 && len(fixture.Damage) > 0 {
		err := errors.New(strings.Join(fixture.Damage, "\n"))
		fixture.Damage = nil // said once
		return nil, err
	}
	return events, nil
}

// jsonEvents reads JSON events: one document or several behind each other, on one line each or not; the elements of an array
// count as events.
func jsonEvents(_ *Fixture, p string) (events [][]byte, err error) {
	f, err := openEvents(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))))
	for {
		var doc json.RawMessage
		if err := dec.Decode(&doc); err == io.EOF {
			return events, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: not JSON behind byte %d: %w", p, dec.InputOffset(), err)
		}
		if doc[0] != '[' {
			events = append(events, doc)
			continue
		}
		var elements []json.RawMessage
		if err := json.Unmarshal(doc, &elements); err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		for _, e := range elements {
			events = append(events, e)
		}
	}
}
