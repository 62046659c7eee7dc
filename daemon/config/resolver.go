package config

import (
	"github.com/alecthomas/kong"
)

// Lookup returns the setting that stands for a flag of the daemon.
func (l *Layers) Lookup(flag string) (Setting, bool) {
	k := keyByFlag(flag)
	if k == nil {
		return Setting{}, false
	}
	s, ok := l.values[k.Path]
	return s, ok
}

// Files returns the files that were read.
func (l *Layers) Files() []string { return l.files }

// Resolver gives flags of the named command that are not on the command line their settings.
func (l *Layers) Resolver(command string) kong.Resolver {
	return kong.ResolverFunc(func(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, p := range ctx.Path {
			if p.Command != nil && p.Command.Name == command {
				if s, ok := l.Lookup(flag.Name); ok {
					return s.Value, nil
				}
			}
		}
		return nil, nil
	})
}
