package dynsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// formats parse what was fetched. A new format is a line here and a file.
var formats = map[string]func(data []byte) (any, error){
	"json": parseJSON, "yaml": parseYAML, "lines": parseLines, "csv": parseCSV,
}

// Limits of a value (dynamic-sources.md section 4).
const (
	maxDepth    = 64
	maxElements = 5_000_000
)

// errTooMany says that a value is over a limit.
var errTooMany = fmt.Errorf("more than %d elements, or nested deeper than %d", maxElements, maxDepth)

// parse parses data, which must be UTF-8.
func parse(format string, data []byte) (any, *Error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if !utf8.Valid(data) {
		return nil, failf(KindParse, "not UTF-8")
	}
	v, err := formats[format](data)
	if err == nil && !within(v, 0, new(int)) {
		err = errTooMany
	}
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return nil, ours
	case errors.Is(err, errTooMany):
		return nil, failf(KindResource, "%v", err)
	case err != nil:
		return nil, failf(KindParse, "not %s: %v", format, err)
	}
	return v, nil
}

// within reports whether v is within the limits.
func within(v any, depth int, elements *int) bool {
	if *elements++; depth > maxDepth || *elements > maxElements {
		return false
	}
	switch x := v.(type) {
	case []any:
		for _, item := range x {
			if !within(item, depth+1, elements) {
				return false
			}
		}
	case map[string]any:
		for _, item := range x {
			if !within(item, depth+1, elements) {
				return false
			}
		}
	}
	return true
}

// parseJSON parses one JSON document; of equal keys the last wins.
func parseJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%w at byte %d", err, syntax.Offset)
		}
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more text behind the value")
	}
	return v, nil
}
