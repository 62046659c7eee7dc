package natsconn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// overlap is the code of the server for a stream whose subjects overlap with those of another one.
const overlap jetstream.ErrorCode = 10065

// EnsureStream returns the stream of subject, after making it if there is none: with that one subject and the server's defaults. A
// stream that has the name and does not cover the subject is an error that names both, as is another stream that overlaps.
//
// Source: daemon.md sections 18.3 and 18.4.
func (c *Conn) EnsureStream(ctx context.Context, subject string) (jetstream.Stream, error) {
	name := Stream(subject)
	s, err := c.JetStream.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = c.JetStream.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another daemon was faster
			s, err = c.JetStream.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, c.streamError(ctx, name, subject, err)
	}
	if has := s.CachedInfo().Config.Subjects; !Covers(has, subject) {
		return nil, fmt.Errorf("stream %s has the subject %s, which does not cover %s: different subjects can give one stream name, so rename one of them",
			name, strings.Join(has, ", "), subject)
	}
	return s, nil
}

// streamError says what a stream could not be opened or made for.
func (c *Conn) streamError(ctx context.Context, name, subject string, err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == overlap {
		if owner, lookup := c.JetStream.StreamNameBySubject(ctx, subject); lookup == nil {
			return fmt.Errorf("make stream %s for %s: %s (stream %s): use the subject of that stream, or take the subject away from it",
				name, subject, api.Description, owner)
		}
	}
	return fmt.Errorf("open stream %s for %s: %w", name, subject, err)
}
