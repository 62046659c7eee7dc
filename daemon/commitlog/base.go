package commitlog

import (
	"errors"

	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// The body of a base: the definition of the correlation engine, with its length in front, and its state. The definition is there
// because the log holds inputs, which only an engine of the same rules can read, and the next start may have other rules.

var errBase = errors.New("the base is damaged")

func appendBase(dst, definition []byte, state func([]byte) []byte) []byte {
	return state(appendString(dst, string(definition)))
}

// openBase returns an engine of the rules and the state of a base.
func openBase(body []byte) (*correlate.Engine, error) {
	r := rowReader{data: body}
	definition := r.bytes()
	if r.bad {
		return nil, errBase
	}
	return newEngine(definition, r.data)
}

func newEngine(definition, state []byte) (*correlate.Engine, error) {
	e, err := correlate.OpenDefinition(definition)
	if err != nil {
		return nil, err
	}
	_, err = e.LoadState(state)
	return e, err
}
