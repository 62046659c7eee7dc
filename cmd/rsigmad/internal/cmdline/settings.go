package cmdline

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/config"
)

// loadLayers reads the environment and the configuration files that apply to the command line args. Only the daemon itself has any,
// so an error matters to it alone. The layers are never nil.
func loadLayers(args []string) (*config.Layers, error) {
	opts := config.Options{System: config.SystemFile, Environ: os.Environ()}
	for i, a := range args {
		switch value, ok := strings.CutPrefix(a, "--config="); {
		case ok:
			opts.Path = value
		case a == "--config" && i+1 < len(args):
			opts.Path = args[i+1]
		}
	}
	opts.Dir, _ = os.Getwd() // without one no file is found
	opts.Home, _ = os.UserHomeDir()
	l, err := config.Load(opts)
	if err != nil {
		l = new(config.Layers)
	}
	return l, err
}

// setting is what --dry-run shows of one flag.
type setting struct {
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// secrets are flags whose values are not shown.
var secrets = map[string]bool{"tls-key-password": true, "nats-token": true, "nats-password": true, "nats-nkey": true}

// credentials are the user and the password in a URL.
var credentials = regexp.MustCompile(`://[^/@]*@`)

// masked returns a value without the secrets in it.
func masked(flag string, value any) any {
	switch v := value.(type) {
	case string:
		if secrets[flag] && v != "" {
			return "***"
		}
		return credentials.ReplaceAllString(v, "://***@")
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = credentials.ReplaceAllString(v[i], "://***@")
		}
		return out
	}
	return value
}

// settings returns all flags of the daemon with their values and where those come from.
func settings(ctx *kong.Context, layers *config.Layers) map[string]setting {
	given := map[string]bool{}
	for _, p := range ctx.Path {
		if p.Flag != nil && !p.Resolved {
			given[p.Flag.Name] = true
		}
	}
	out := map[string]setting{}
	for _, f := range ctx.Flags() {
		if f.Hidden || f.Name == "help" || f.Name == "version" || f.Name == "dry-run" {
			continue
		}
		s := setting{masked(f.Name, ctx.FlagValue(f)), "default"}
		if x, ok := layers.Lookup(f.Name); ok {
			s.Origin = x.Origin
		}
		if given[f.Name] {
			s.Origin = "command line"
		}
		out[f.Name] = s
	}
	return out
}

// authOf turns daemon.api.auth into what the API asks for.
func authOf(a *config.Auth) (*api.Auth, error) {
	out := &api.Auth{Anonymous: a.Anonymous}
	for name := range a.Roles {
		if _, ok := api.Role(name); ok {
			return nil, fmt.Errorf("daemon.api.auth.roles: %q is a built-in role; choose another name", name)
		}
	}
	for _, t := range a.Tokens {
		permissions := t.Permissions
		if t.Role != "" {
			var ok bool
			if permissions, ok = api.Role(t.Role); !ok {
				if permissions, ok = a.Roles[t.Role]; !ok {
					return nil, fmt.Errorf("%s: token %q: unknown role %q", t.Origin, t.Name, t.Role)
				}
			}
		}
		out.Tokens = append(out.Tokens, api.Token{Name: t.Name, Permissions: permissions, Secret: t.Secret})
	}
	return out, out.Validate()
}

type schemaCmd struct{}

// Run implements the command.
func (schemaCmd) Run(s streams) error {
	_, err := s.out.Write(config.Schema())
	return err
}
