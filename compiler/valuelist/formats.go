package valuelist

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/extract"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// plainText has a value a line. Blank lines, and blanks around values, do not count.
func plainText(data []byte, _ pipeline.External) ([]string, error) {
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\uFEFF")) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out, nil
}

// csvColumn has a value in one column of each record: the first, or one given by its name or by its number from 0.
func csvColumn(data []byte, e pipeline.External) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	column, err := strconv.Atoi(e.CSVColumn)
	named := err != nil && e.CSVColumn != ""
	switch {
	case named && !e.CSVHeader:
		return nil, fmt.Errorf("csv_column %q is a name, which needs csv_has_header: true", e.CSVColumn)
	case column < 0:
		return nil, fmt.Errorf("csv_column %d is negative", column)
	case e.CSVHeader && len(records) > 0:
		if named {
			if column = slices.Index(records[0], e.CSVColumn); column < 0 {
				return nil, fmt.Errorf("no column %q; there are %q", e.CSVColumn, records[0])
			}
		}
		records = records[1:]
	}
	var out []string
	for _, record := range records {
		if column < len(record) {
			out = append(out, record[column])
		}
	}
	return out, nil
}

// jsonValues is a JSON list of scalars, one scalar, or what a jq expression makes of any JSON.
func jsonValues(data []byte, e pipeline.External) ([]string, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	return scalars(value, e.JQ)
}

// yamlValues is the same for YAML.
func yamlValues(data []byte, e pipeline.External) ([]string, error) {
	log := &diag.List{}
	docs := yamldoc.Parse("list", data, log)
	if log.Errors() > 0 {
		return nil, errors.New(log.Sorted()[0].Msg)
	}
	if len(docs) != 1 || docs[0].Root == nil {
		return nil, errors.New("want one YAML document")
	}
	return jsonValues([]byte(yamldoc.JSON(docs[0].Root)), e)
}

// scalars returns value, or what the expression yields for it, as texts.
func scalars(value any, expr string) ([]string, error) {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	if expr != "" {
		q, err := extract.CompileJQ(expr)
		if err != nil {
			return nil, err
		}
		if values, err = q.Run(value); err != nil {
			return nil, err
		}
	}
	out := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			out[i] = v
		case float64:
			out[i] = strconv.FormatFloat(v, 'f', -1, 64)
		case int:
			out[i] = strconv.Itoa(v)
		case bool:
			out[i] = strconv.FormatBool(v)
		default:
			return nil, fmt.Errorf("value %d is no string, number or boolean (use jq_expression to get at those)", i+1)
		}
	}
	return out, nil
}
