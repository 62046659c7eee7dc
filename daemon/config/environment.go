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
		if key := keyByPath(path); key != nil && name == key.Variable() {
			l.variable(key, name, env[name], log)
			continue
		}
		notASetting(log, name, path)
	}
	for i := range keys {
		k := &keys[i]
		if _, set := l.values[k.Path]; !set && k.Env != "" && env[k.Env] != "" {
			l.variable(k, k.Env, env[k.Env], log)
		}
	}
}

// notASetting reports a variable that looks as if it stood for a setting.
func notASetting(log *diag.List, name, path string) {
	pos := diag.Pos{File: "environment"}
	why := refusal(path)
	switch {
	case within(path, authPath):
		report(log, pos, "", "the variable %s stands for no setting: %s is read from a file only", name, authPath)
	case why != "":
		report(log, pos, "", "the variable %s stands for no setting: %s", name, why)
	default:
		var known []string
		for i := range keys {
			known = append(known, keys[i].Variable())
		}
		report(log, pos, diag.Suggest(name, known), "the variable %s stands for no setting", name)
	}
}

// variable adds the setting of one variable. An empty one is as if it were not set.
func (l *Layers) variable(key *Key, name, text string, log *diag.List) {
	value, ok := parseVariable(key, text)
	if !ok {
		report(log, diag.Pos{File: "environment"}, "", "%s: want %s, not %q", name, key.wanted(), text)
		return
	}
	if value != nil {
		l.values[key.Path] = Setting{value, "environment variable " + name}
	}
}

// parseVariable reads text, which is a YAML value, as the value of key; nil if there is none. A text needs no quotes even where YAML wants
// some, as around most jq expressions: only one that is quoted as a whole is read as YAML.
func parseVariable(key *Key, text string) (value any, ok bool) {
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	log := &diag.List{}
	docs := yamldoc.Parse("environment", []byte(text), log)
	readable := log.Errors() == 0 && len(docs) <= 1
	nothing := len(docs) == 0 || docs[0].Root == nil // null, or a comment
	switch {
	case key.Kind == String && !(readable && !nothing && quoted(text) && docs[0].Root.Kind == yamldoc.KindString):
		return text, true
	case !readable:
		return nil, false
	case nothing:
		return nil, true
	}
	return valueOf(key, docs[0].Root)
}

// quoted reports whether text begins and ends with the same kind of quotes.
func quoted(text string) bool {
	t := strings.TrimSpace(text)
	return len(t) > 1 && (t[0] == '"' || t[0] == '\'') && t[len(t)-1] == t[0]
}
