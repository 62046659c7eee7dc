package otlp

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decoded messages are much larger than encoded ones: two bytes make an empty record of some 200. What a request will take is estimated
// before it is decoded, without memory of its own, so that a small body cannot become gigabytes.
const (
	weightRecord  = 256
	weightMessage = 96
	// maxNesting bounds messages, and brackets, within each other. Events may have 128 levels, each up to three messages.
	maxNesting = 1000
)

var errNesting = errors.New("nested too deeply")

// shape is what matters of the definition of a message: its fields that are messages, by number.
type shape struct {
	weight int64
	fields [maxField + 1]*shape
}

// maxField is the largest number of a field that is a message.
const maxField = 6

// request is the shape of an ExportLogsServiceRequest.
var request = func() *shape {
	message := func() *shape { return &shape{weight: weightMessage} }
	value, list, pairs, pair := message(), message(), message(), message()
	value.fields[5], value.fields[6] = list, pairs
	list.fields[1] = value
	pairs.fields[1] = pair
	pair.fields[2] = value

	record, scope, resource := &shape{weight: weightRecord}, message(), message()
	record.fields[5], record.fields[6] = value, pair
	scope.fields[3] = pair
	resource.fields[1], resource.fields[3] = pair, message()

	inScope, inResource, all := message(), message(), message()
	inScope.fields[1], inScope.fields[2] = scope, record
	inResource.fields[1], inResource.fields[2] = resource, inScope
	all.fields[1] = inResource
	return all
}()

// weigh estimates the bytes of a request when it is decoded. The error says that it cannot be.
func weigh(encoding string, body []byte) (int64, error) {
	if encoding == encodingJSON {
		return weighJSON(body)
	}
	w, err := request.weigh(body, maxNesting)
	return w + int64(len(body)), err
}

func (s *shape) weigh(b []byte, depth int) (int64, error) {
	if depth == 0 {
		return 0, errNesting
	}
	total := s.weight
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		b = b[n:]
		var inner *shape
		if number <= maxField {
			inner = s.fields[number]
		}
		if inner == nil || kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return 0, protowire.ParseError(n)
			}
			b = b[n:]
			continue
		}
		part, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		b = b[n:]
		w, err := inner.weigh(part, depth-1)
		if err != nil {
			return 0, err
		}
		total += w
	}
	return total, nil
}

// weighJSON takes every object for the largest message.
func weighJSON(b []byte) (int64, error) {
	total := int64(len(b))
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxNesting {
				return 0, errNesting
			}
			if b[i] == '{' {
				total += weightRecord
			}
		case '}', ']':
			depth--
		}
	}
	return total, nil
}
