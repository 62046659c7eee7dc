package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rsigma-go/rsigma/compiler/extract"
)

// No event may hold up the daemon for longer, or become more events.
const (
	filterTime    = time.Second
	filterOutputs = 100_000
)

// program makes values of a value: what jq and JSONPath have in common.
type program interface {
	Run(value any) ([]any, error)
}

// newFilter returns what makes events of an event, nil if neither expression is given. An output that fails is left out; the error is that
// of an expression that comes to no end.
//
// Source: daemon.md section 8.
func newFilter(jq, jsonPath string, log *slog.Logger) (func(event []byte) ([][]byte, error), error) {
	var prog program
	var err error
	switch {
	case jq != "" && jsonPath != "":
		return nil, fmt.Errorf("--jq and --jsonpath exclude each other")
	case jq != "":
		var program *extract.JQ
		if program, err = extract.CompileJQ(jq); err == nil {
			prog = program.Within(filterTime, filterOutputs)
		}
	case jsonPath != "":
		prog, err = extract.CompileJSONPath(jsonPath)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return func(event []byte) ([][]byte, error) {
		out, err := filter(prog, event)
		if err != nil && !errors.Is(err, extract.ErrLimit) {
			log.Debug("An output of the event filter failed and is left out", "error", err.Error())
			return out, nil
		}
		return out, err
	}, nil
}

func filter(prog program, event []byte) ([][]byte, error) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(event))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	values, err := prog.Run(value)
	out := make([][]byte, 0, len(values))
	for _, v := range values {
		text, failed := json.Marshal(v)
		if failed != nil {
			return out, failed
		}
		out = append(out, text)
	}
	return out, err
}
