package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Options say where settings come from.
type Options struct {
	Path    string   // --config: the only file that is read
	Dir     string   // where the search for files begins
	Home    string   // the user's home directory, empty if there is none
	Environ []string // as os.Environ gives it
	System  string   // the system-wide file
}

// SystemFile is the usual Options.System.
const SystemFile = "/etc/rsigma/config.yaml"

// Layers are the settings below the flags, merged. They are immutable.
type Layers struct {
	values map[string]Setting // by path
	auth   *Auth
	files  []string
}

// Setting is a value and where it comes from.
type Setting struct {
	Value  any    // string, or []any of strings
	Origin string // a place in a file, or a variable
}

// Load reads the environment and the configuration files. A file that is not there is skipped, unless Path names it; one that cannot be read is
// an error. The error lists all faults, one per line with its position, in the order of the layers. No value of a secret stands in it.
//
// Source: daemon.md section 5.
func Load(opts Options) (*Layers, error) {
	l := &Layers{values: map[string]Setting{}}
	log := &diag.List{}
	env := environment(opts.Environ)
	l.environment(env, log)
	files, err := opts.files(env)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		l.file(f, log)
	}
	l.auth.finish(env, log)
	if log.Errors() > 0 {
		var errs []error
		for _, d := range log.All() {
			errs = append(errs, errors.New(d.String()))
		}
		return nil, errors.Join(errs...)
	}
	return l, nil
}

// file is a file that was read.
type file struct {
	name string
	data []byte
}

// maxFile is the largest configuration file; yamldoc refuses larger ones by itself.
const maxFile = 4<<20 + 1

// files returns the files to read, the ones that win first.
func (o *Options) files(env map[string]string) ([]file, error) {
	if o.Path != "" {
		data, err := readFile(o.Path)
		if err != nil {
			return nil, fmt.Errorf("--config: %w", err)
		}
		return []file{{o.Path, data}}, nil
	}
	var out []file
	for _, group := range o.candidates(env) {
		for _, name := range group { // the first of a group that is there
			data, err := readFile(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil { // it may say who is let in, so going on without it is not safe
				return nil, fmt.Errorf("configuration file: %w; make it readable, or name another one with --config", err)
			}
			out = append(out, file{name, data})
			break
		}
	}
	return out, nil
}

// candidates returns groups of files of which the first that exists counts.
func (o *Options) candidates(env map[string]string) [][]string {
	project := []string{filepath.Join(o.Dir, "rsigma.yaml"), filepath.Join(o.Dir, "rsigma.yml")}
	for dir := o.Dir; ; dir = filepath.Dir(dir) {
		project = append(project, filepath.Join(dir, ".rsigmarc"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	out := [][]string{project}
	switch base := env["XDG_CONFIG_HOME"]; {
	case base != "":
		out = append(out, []string{filepath.Join(base, "rsigma", "config.yaml")})
	case o.Home != "":
		out = append(out, []string{filepath.Join(o.Home, ".config", "rsigma", "config.yaml")})
	}
	return append(out, []string{o.System})
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// file adds the settings of a file, where no layer above has one.
func (l *Layers) file(f file, log *diag.List) {
	l.files = append(l.files, f.name)
	docs := yamldoc.Parse(f.name, f.data, log)
	if len(docs) == 0 || docs[0].Root == nil {
		return
	}
	if len(docs) > 1 {
		report(log, diag.Pos{File: f.name, Line: 1, Col: 1}, "", "a configuration file is one YAML document, not %d", len(docs))
	}
	root := docs[0].Root
	if root.Kind != yamldoc.KindMapping {
		report(log, root.Pos, "", "a configuration file is a mapping, not a %s", root.Kind)
		return
	}
	for _, p := range root.Pairs {
		switch p.Key {
		case "version":
			if p.Value.Kind != yamldoc.KindInt || p.Value.Int != 1 {
				report(log, p.Value.Pos, "", "version %s: this program reads version 1", p.Value.Text)
			}
		case "daemon":
			l.section(p.Value, "daemon", log)
		default:
			unknown(log, p.KeyPos, p.Key, []string{"version", "daemon"})
		}
	}
}

// section adds the settings of a mapping.
func (l *Layers) section(n *yamldoc.Node, path string, log *diag.List) {
	if n.Kind != yamldoc.KindMapping {
		if n.Kind != yamldoc.KindNull {
			report(log, n.Pos, "", "%s is a section, not a %s", path, n.Kind)
		}
		return
	}
	for _, p := range n.Pairs {
		below := path + "." + p.Key
		switch key := keyByPath(below); {
		case below == authPath:
			l.auth = l.auth.below(readAuth(p.Value, log))
		case key != nil:
			l.leaf(key, p.Value, log)
		case isSection(below):
			l.section(p.Value, below, log)
		default:
			l.stranger(p, below, path, log)
		}
	}
}

// leaf adds one setting.
func (l *Layers) leaf(key *Key, n *yamldoc.Node, log *diag.List) {
	value, ok := valueOf(key, n)
	if !ok {
		report(log, n.Pos, "", "%s: want %s, not %s", key.Path, key.wanted(), describe(n))
		return
	}
	if holdsCredentials(key, value) {
		report(log, n.Pos, "", "%s: secrets are not read from a file; use the variable %s, or flags and variables for credentials", key.Path, key.Variable())
		return
	}
	if _, set := l.values[key.Path]; !set && value != nil {
		l.values[key.Path] = Setting{value, n.Pos.String()}
	}
}

// stranger reports a key that no setting has.
func (l *Layers) stranger(p yamldoc.Pair, below, path string, log *diag.List) {
	if why := refusal(below); why != "" {
		report(log, p.KeyPos, "", "%s", why)
		return
	}
	unknown(log, p.KeyPos, p.Key, children(path))
}

// code marks faults of configuration files.
const code diag.Code = "invalid-configuration"

func report(log *diag.List, pos diag.Pos, hint, format string, args ...any) {
	log.Add(diag.Diagnostic{Pos: pos, Severity: diag.SeverityError, Code: code, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

func unknown(log *diag.List, pos diag.Pos, key string, known []string) {
	report(log, pos, diag.Suggest(key, known), "unknown key %q", key)
}
