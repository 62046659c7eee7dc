package dynsource

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
)

// parseCSV gives an object for each record, with the names of the header row. Values are texts; those that a short record lacks are
// left out, and a record that is longer than the header is an error.
func parseCSV(data []byte) (any, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("no header row")
	}
	if err != nil {
		return nil, err
	}
	out := []any{}
	for {
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		case len(record) > len(header):
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d has %d fields, the header has %d", line, len(record), len(header))
		}
		object := map[string]any{}
		for i, field := range record {
			object[header[i]] = field
		}
		out = append(out, object)
	}
}
