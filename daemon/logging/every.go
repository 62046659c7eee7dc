package logging

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Limited logs warnings that may repeat without end: each message at most once in an interval, with the number of those that were
// left out since. It is safe for concurrent use.
type Limited struct {
	log   *slog.Logger
	every time.Duration

	mu   sync.Mutex
	last map[string]*repeated
}

type repeated struct {
	at         time.Time
	suppressed int
}

// Every returns a Limited over l. Messages are constants: each is remembered for good.
func Every(l *slog.Logger, every time.Duration) *Limited {
	return &Limited{log: l, every: every, last: map[string]*repeated{}}
}

// Warn logs message at level WARN unless it was logged within the interval.
func (l *Limited) Warn(message string, args ...any) { l.Log(slog.LevelWarn, message, args...) }

// Log logs message unless it was logged within the interval.
func (l *Limited) Log(level slog.Level, message string, args ...any) {
	l.mu.Lock()
	now := time.Now()
	r := l.last[message]
	if r != nil && now.Sub(r.at) < l.every {
		r.suppressed++
		l.mu.Unlock()
		return
	}
	suppressed := 0
	if r != nil {
		suppressed = r.suppressed
	}
	l.last[message] = &repeated{at: now}
	l.mu.Unlock()
	if suppressed > 0 {
		args = append(args, "suppressed", suppressed)
	}
	l.log.Log(context.Background(), level, message, args...)
}
