package otlp

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// checked is what a look at an encoded request has found.
type checked struct {
	// weight estimates the bytes of the request when package proto has decoded it.
	weight int64
	// odd says that package proto has to read the request: something in it is wrong, or is put together of several parts.
	odd bool
}

// shape is what matters of the definition of a message.
type shape struct {
	weight int64
	fields [maxField + 1]shapeField
}

// shapeField is a field that is a message, or text.
type shapeField struct {
	inner *shape
	text  bool
	once  bool // a message that several occurrences would be merged into
}

// maxField is the largest number of a field that is a message, or text.
const maxField = 12

// request is the shape of an ExportLogsServiceRequest.
var request = func() *shape {
	message := func() *shape { return &shape{weight: weightMessage} }
	value, list, pairs, pair := message(), message(), message(), message()
	value.text(1).one(5, list).one(6, pairs)
	list.many(1, value)
	pairs.many(1, pair)
	pair.text(1).one(2, value)

	record, scope, resource, entity := &shape{weight: weightRecord}, message(), message(), message()
	record.text(3, 12).one(5, value).many(6, pair)
	scope.text(1, 2).many(3, pair)
	resource.many(1, pair).many(3, entity)
	entity.text(1, 2, 3, 4)

	inScope, inResource, all := message(), message(), message()
	inScope.text(3).one(1, scope).many(2, record)
	inResource.text(3).one(1, resource).many(2, inScope)
	all.many(1, inResource)
	return all
}()

func (s *shape) text(numbers ...int) *shape {
	for _, n := range numbers {
		s.fields[n].text = true
	}
	return s
}

func (s *shape) one(number int, inner *shape) *shape {
	s.fields[number] = shapeField{inner: inner, once: true}
	return s
}

func (s *shape) many(number int, inner *shape) *shape {
	s.fields[number] = shapeField{inner: inner}
	return s
}

// message looks at b, a message of shape s. The error says that it is none.
func (c *checked) message(s *shape, b []byte, depth int) error {
	if depth == 0 {
		return errNesting
	}
	c.weight += s.weight
	seen := uint(0) // a bit for each field
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if x.kind != protowire.BytesType || x.number > maxField {
			c.odd = c.odd || x.number > protowire.MaxValidNumber
			continue
		}
		switch known := &s.fields[x.number]; {
		case known.text:
			c.odd = c.odd || !utf8.Valid(x.bytes)
		case known.inner != nil:
			c.odd = c.odd || known.once && seen>>x.number&1 != 0
			seen |= 1 << x.number
			if err := c.message(known.inner, x.bytes, depth-1); err != nil {
				return err
			}
		}
	}
	return nil
}
