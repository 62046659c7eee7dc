package flow

import "context"

// Input is a source of events. Its constructor connects, so that what is wrong at the start is an error there.
type Input interface {
	// Run puts events into out until ctx is cancelled or the source has no more, which is not an error. After an error the
	// source is not read any further. Run must return soon after ctx is cancelled, even if a read cannot be interrupted.
	Run(ctx context.Context, out *Intake) error
	// Close releases what the constructor took. It is called once, after Run has returned.
	Close() error
}
