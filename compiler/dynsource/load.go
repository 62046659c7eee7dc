package dynsource

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// LoadOptions are the choices of Load.
type LoadOptions struct {
	AllowCommand        bool
	InsecurePermissions bool  // read files that everybody may write
	MaxSize             int64 // largest max_size that a source may ask for; 0 is 64 MiB
	Egress              Egress
	AllowProxy          bool
	UserAgent           string
	NATS                NATSTransport
}

// Limits of declarations (dynamic-sources.md section 12).
const (
	maxSources     = 1000
	standardSize   = 10 << 20
	standardMax    = 64 << 20
	maxDeclaration = 4<<20 + 1 // yamldoc says what is wrong with larger files
)

// code marks faults of declarations.
const code diag.Code = "invalid-source"

// Load reads declarations from files, and from the .yml and .yaml files directly in directories, sorted by name. The error lists all
// faults with their places; warnings are what is odd and works.
func Load(paths []string, opts LoadOptions) (out []*Declaration, warnings []diag.Diagnostic, err error) {
	if opts.MaxSize == 0 {
		opts.MaxSize = standardMax
	}
	log := &diag.List{}
	l := loader{opts: opts, log: log, seen: map[string]*Declaration{}}
	for _, p := range paths {
		if err := l.path(p); err != nil {
			return nil, nil, fmt.Errorf("--source: %w", err)
		}
	}
	if len(l.out) > maxSources {
		return nil, nil, fmt.Errorf("--source: %d sources are declared, at most %d may be", len(l.out), maxSources)
	}
	var errs []error
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError {
			errs = append(errs, errors.New(d.String()))
		} else {
			warnings = append(warnings, d)
		}
	}
	return l.out, warnings, errors.Join(errs...)
}

type loader struct {
	opts LoadOptions
	log  *diag.List
	seen map[string]*Declaration
	out  []*Declaration
}

func (l *loader) path(p string) error {
	info, err := os.Stat(p)
	if err != nil {
		return err
	}
	if err := l.permissions(p, info); err != nil {
		return err
	}
	if !info.IsDir() {
		return l.file(p, info)
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(p, e.Name())
		if ext := filepath.Ext(name); ext != ".yml" && ext != ".yaml" {
			continue
		}
		info, err := os.Stat(name)
		if err == nil && !info.IsDir() {
			err = l.file(name, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// permissions refuses what everybody may change: whoever writes a declaration makes requests, and runs commands, as this program.
func (l *loader) permissions(p string, info os.FileInfo) error {
	if l.opts.InsecurePermissions || info.Mode().Perm()&0o002 == 0 || info.IsDir() && info.Mode()&os.ModeSticky != 0 {
		return nil
	}
	return fmt.Errorf("%s can be written by everybody; chmod o-w, or give --insecure-permissions", p)
}

func (l *loader) file(name string, info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	if err := l.permissions(name, info); err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDeclaration))
	if err != nil {
		return err
	}
	for _, doc := range yamldoc.Parse(name, data, l.log) {
		if doc.Root != nil {
			l.document(name, doc.Root)
		}
	}
	return nil
}

// document reads a map whose only key is sources.
func (l *loader) document(file string, root *yamldoc.Node) {
	if root.Kind != yamldoc.KindMapping {
		l.fault(root.Pos, "", "a file of sources is a mapping with the key sources, not a %s", root.Kind)
		return
	}
	for _, p := range root.Pairs {
		switch {
		case p.Key != "sources":
			l.fault(p.KeyPos, diag.Suggest(p.Key, []string{"sources"}), "unknown key %q", p.Key)
		case p.Value.Kind != yamldoc.KindSequence:
			l.fault(p.Value.Pos, "", "sources is a list, not a %s", p.Value.Kind)
		default:
			for _, item := range p.Value.Items {
				l.source(file, item)
			}
		}
	}
}

// source reads one declaration.
func (l *loader) source(file string, n *yamldoc.Node) {
	if n.Kind != yamldoc.KindMapping {
		l.fault(n.Pos, "", "a source is a mapping, not a %s", n.Kind)
		return
	}
	before := l.log.Errors()
	r := &reader{l: l, n: n, used: map[string]bool{}, file: file}
	d := r.declaration()
	if l.log.Errors() > before {
		return
	}
	if first := l.seen[d.ID]; first != nil {
		l.fault(d.Pos, "", "source %q is declared twice: in %s and in %s", d.ID, first.File, file)
		return
	}
	l.seen[d.ID] = d
	l.out = append(l.out, d)
}

func (l *loader) fault(pos diag.Pos, hint, format string, args ...any) {
	l.log.Add(diag.Diagnostic{Pos: pos, Severity: diag.SeverityError, Code: code, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// oneOf lists words for a message.
func oneOf(words []string) string {
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func contains(words []string, w string) bool { return slices.Contains(words, w) }
