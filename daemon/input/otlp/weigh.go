package otlp

import "errors"

// Decoded messages are much larger than encoded ones: two bytes make an empty record of some 200. What a request would take is estimated
// before anything is decoded, without memory of its own, so that a small body cannot become gigabytes. Most requests are not decoded at
// all; the limit is the same for them, lest an odd field decide what a client may send.
const (
	weightRecord  = 256
	weightMessage = 96
	// maxNesting bounds messages, and brackets, within each other. Events may have 128 levels, each up to three messages.
	maxNesting = 1000
)

var errNesting = errors.New("nested too deeply")

// check looks at a request before anything is decoded. The error says that it cannot be decoded.
func check(encoding string, body []byte) (c checked, err error) {
	if encoding == encodingJSON {
		c.odd = true
		c.weight, err = weighJSON(body)
		return c, err
	}
	err = c.message(request, body, maxNesting)
	c.weight += int64(len(body))
	return c, err
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
