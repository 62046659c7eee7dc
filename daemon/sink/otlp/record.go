package otlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
)

// severities by level of a result.
var severities = map[string]struct {
	number logs.SeverityNumber
	text   string
}{
	"critical":      {logs.SeverityNumber_SEVERITY_NUMBER_FATAL, "FATAL"},
	"high":          {logs.SeverityNumber_SEVERITY_NUMBER_ERROR, "ERROR"},
	"medium":        {logs.SeverityNumber_SEVERITY_NUMBER_WARN, "WARN"},
	"low":           {logs.SeverityNumber_SEVERITY_NUMBER_INFO, "INFO"},
	"informational": {logs.SeverityNumber_SEVERITY_NUMBER_DEBUG, "DEBUG"},
}

// record turns a result into a log record: every key of the result is an attribute, in order; arrays and objects below stay what they are.
func record(line []byte, now time.Time) (*logs.LogRecord, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	v, err := value(d)
	if err == nil {
		err = end(d)
	}
	if err != nil {
		return nil, fmt.Errorf("result is not JSON: %w", err)
	}
	object, ok := v.Value.(*common.AnyValue_KvlistValue)
	if !ok {
		return nil, errors.New("result is not a JSON object")
	}
	at := uint64(max(now.UnixNano(), 0))
	r := &logs.LogRecord{TimeUnixNano: at, ObservedTimeUnixNano: at, Attributes: object.KvlistValue.Values}
	for _, kv := range r.Attributes {
		switch s := kv.Value.GetStringValue(); kv.Key {
		case "rule_title":
			r.Body = text(s)
		case "level":
			r.SeverityNumber, r.SeverityText = severities[s].number, severities[s].text
		}
	}
	return r, nil
}

// end returns an error unless nothing but blanks is left.
func end(d *json.Decoder) error {
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// value reads one JSON value. The order of keys is kept.
func value(d *json.Decoder) (*common.AnyValue, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := token.(type) {
	case json.Delim:
		if x == '{' {
			return object(d)
		}
		return array(d)
	case string:
		return text(x), nil
	case bool:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: x}}, nil
	case json.Number:
		return number(x), nil
	}
	return &common.AnyValue{}, nil // null
}

func object(d *json.Decoder) (*common.AnyValue, error) {
	list := &common.KeyValueList{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("%v instead of a key", key)
		}
		v, err := value(d)
		if err != nil {
			return nil, err
		}
		list.Values = append(list.Values, &common.KeyValue{Key: name, Value: v})
	}
	_, err := d.Token()
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: list}}, err
}

func array(d *json.Decoder) (*common.AnyValue, error) {
	list := &common.ArrayValue{}
	for d.More() {
		v, err := value(d)
		if err != nil {
			return nil, err
		}
		list.Values = append(list.Values, v)
	}
	_, err := d.Token()
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}, err
}

// number returns an integer if n is one and fits, else a double, else its text.
func number(n json.Number) *common.AnyValue {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: i}}
	}
	if f, err := n.Float64(); err == nil {
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: f}}
	}
	return text(string(n))
}

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}
