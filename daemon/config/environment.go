package config

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// prefix begins the variables that stand for settings: RSIGMA_DAEMON__API__ADDR is daemon.api.addr.
const prefix = "RSIGMA_"

// separator stands between the parts of a path.
const separator = "__"

// environment returns variables by name; of several with one name the last counts.
func environment(environ []string) map[string]string {
	out := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			out[name] = value
		}
	}
	return out
}

// Variable returns the variable that stands for k.
func (k *Key) Variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(k.Path, ".", separator))
}

// environment adds the settings of variables.
func (l *Layers) environment(env map[string]string, log *diag.List) {
	var names []string
	for name := range env {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || !strings.Contains(rest, separator) {
			continue
		}
		path := strings.ToLower(strings.ReplaceAll(rest, separator, "."))
		key := keyByPath(path)
		if key == nil {
			var known []string
			for i := range keys {
				known = append(known, keys[i].Variable())
			}
			report(log, diag.Pos{File: "environment"}, diag.Suggest(name, known), "the variable %s stands for no setting", name)
			continue
		}
		l.variable(key, name, env[name], log)
	}
	for i := range keys {
		k := &keys[i]
		if _, set := l.values[k.Path]; !set && k.Env != "" && env[k.Env] != "" {
			l.variable(k, k.Env, env[k.Env], log)
		}
	}
}

// variable adds the setting of one variable, whose text is a YAML value.
func (l *Layers) variable(key *Key, name, text string, log *diag.List) {
	value, ok := parseVariable(key, text)
	if !ok {
		report(log, diag.Pos{File: "environment"}, "", "%s: want %s, not %q", name, wanted[key.Kind], text)
		return
	}
	if value != nil {
		l.values[key.Path] = Setting{value, "environment variable " + name}
	}
}

func parseVariable(key *Key, text string) (any, bool) {
	if key.Kind == String || key.Kind == Duration && text != "" {
		return valueOf(key, &yamldoc.Node{Kind: yamldoc.KindString, Text: text})
	}
	log := &diag.List{}
	docs := yamldoc.Parse("environment", []byte(text), log)
	if log.Errors() > 0 || len(docs) > 1 {
		return nil, false
	}
	if len(docs) == 0 || docs[0].Root == nil {
		return nil, true // empty: as if it were not set
	}
	return valueOf(key, docs[0].Root)
}
