package logging

import (
	"log/slog"
	"math"
	"strings"
)

// LevelTrace is the level below slog.LevelDebug; its name in the log is TRACE.
const LevelTrace slog.Level = -8

// LevelOff as a threshold lets nothing through. Never log at it.
const LevelOff slog.Level = math.MaxInt32

// levelName returns the name of the band that l lies in.
func levelName(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARN"
	case l >= slog.LevelInfo:
		return "INFO"
	case l >= slog.LevelDebug:
		return "DEBUG"
	}
	return "TRACE"
}

// parseLevel reads a level of a directive, in any letter case.
func parseLevel(s string) (slog.Level, bool) {
	switch strings.ToLower(s) {
	case "error":
		return slog.LevelError, true
	case "warn":
		return slog.LevelWarn, true
	case "info":
		return slog.LevelInfo, true
	case "debug":
		return slog.LevelDebug, true
	case "trace":
		return LevelTrace, true
	case "off":
		return LevelOff, true
	}
	return 0, false
}
