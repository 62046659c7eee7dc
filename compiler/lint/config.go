package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// ConfigName is the file that is looked for beside the rules and above.
const ConfigName = ".rsigma-lint.yml"

// Config says which checks run. The zero value runs all that are not optional.
type Config struct {
	Disable    []diag.Code
	Enable     []diag.Code // optional checks; it wins over Disable
	Severities map[diag.Code]Severity
	Exclude    []string // patterns of paths, see excludes
}

// configKeys are the keys of the file, the later ones those of rsigma.
var configKeys = []string{"disable", "enable", "severity", "exclude", "disabled_rules", "severity_overrides"}

// ParseConfig reads a configuration file. Codes may be spelled with underscores. What is wrong with it is reported to log as errors.
func ParseConfig(name string, data []byte, log *diag.List) Config {
	cfg := Config{Severities: map[diag.Code]Severity{}}
	for _, doc := range yamldoc.Parse(name, data, log) {
		if doc.Root == nil {
			continue
		}
		for _, p := range doc.Root.Pairs {
			cfg.read(p, log)
		}
	}
	return cfg
}

func (c *Config) read(p yamldoc.Pair, log *diag.List) {
	switch p.Key {
	case "disable", "disabled_rules":
		c.Disable = append(c.Disable, codes(p.Value, log)...)
	case "enable":
		c.Enable = append(c.Enable, codes(p.Value, log)...)
	case "exclude":
		for _, n := range p.Value.Items {
			c.Exclude = append(c.Exclude, n.Text)
		}
	case "severity", "severity_overrides":
		for _, entry := range p.Value.Pairs {
			s, ok := ParseSeverity(strings.TrimSuffix(entry.Value.Text, "hint"))
			if entry.Value.Text == "hint" {
				s, ok = Info, true
			}
			if !ok {
				log.Errorf(entry.Value.Pos, diag.CodeInvalidAttribute, "invalid attribute: %q is no severity", entry.Value.Text).Hint =
					"one of " + strings.Join(severityNames, ", ")
				continue
			}
			if code, ok := known(entry.Key, entry.KeyPos, log); ok {
				c.Severities[code] = s
			}
		}
	default:
		log.Errorf(p.KeyPos, diag.CodeUnknownAttribute, "unknown attribute %q", p.Key).Hint = diag.Suggest(p.Key, configKeys)
	}
}

func codes(n *yamldoc.Node, log *diag.List) []diag.Code {
	items := n.Items
	if n.IsScalar() {
		items = []*yamldoc.Node{n}
	}
	var out []diag.Code
	for _, item := range items {
		if code, ok := known(item.Text, item.Pos, log); ok {
			out = append(out, code)
		}
	}
	return out
}

func known(name string, pos diag.Pos, log *diag.List) (diag.Code, bool) {
	code, hint, ok := ParseCode(name)
	if !ok {
		log.Errorf(pos, diag.CodeUnknownAttribute, "unknown attribute: there is no check %q", name).Hint = hint
	}
	return code, ok
}

// ParseCode finds a code of a check or of the compiler by its name, in which underscores are as good as hyphens. If there is none, hint
// says what may have been meant.
func ParseCode(name string) (code diag.Code, hint string, ok bool) {
	code = diag.Code(strings.ReplaceAll(name, "_", "-"))
	var names []string
	for _, c := range registry {
		names = append(names, string(c.Code))
	}
	for _, info := range diag.Registered() {
		names = append(names, string(info.Code))
	}
	if slices.Contains(names, string(code)) {
		return code, "", true
	}
	return "", diag.Suggest(string(code), names), false
}

// Merge adds what other says, which wins.
func (c Config) Merge(other Config) Config {
	out := Config{Severities: map[diag.Code]Severity{}, Exclude: slices.Concat(c.Exclude, other.Exclude)}
	for _, code := range c.Disable {
		if !slices.Contains(other.Enable, code) {
			out.Disable = append(out.Disable, code)
		}
	}
	for _, code := range c.Enable {
		if !slices.Contains(other.Disable, code) {
			out.Enable = append(out.Enable, code)
		}
	}
	out.Disable, out.Enable = append(out.Disable, other.Disable...), append(out.Enable, other.Enable...)
	for _, from := range []Config{c, other} {
		for code, s := range from.Severities {
			out.Severities[code] = s
		}
	}
	return out
}

// runs reports whether a check is on.
func (c *Config) runs(check *Check) bool {
	return slices.Contains(c.Enable, check.Code) || !check.Optional && !c.disabled(check.Code)
}

func (c *Config) disabled(code diag.Code) bool {
	return slices.Contains(c.Disable, code) && !slices.Contains(c.Enable, code)
}

func (c *Config) severity(code diag.Code, s Severity) Severity {
	if other, ok := c.Severities[code]; ok {
		return other
	}
	return s
}

// excludes reports whether a path is left out: a pattern covers the whole path or its end; * and ? stay within a name, ** is any
// number of names, and a pattern of a directory covers what is below.
func (c *Config) excludes(file string) bool {
	names := strings.Split(path.Clean(file), "/")
	return slices.ContainsFunc(c.Exclude, func(pattern string) bool {
		parts := strings.Split(strings.Trim(pattern, "/"), "/")
		for i := range names {
			for j := i + 1; j <= len(names); j++ {
				if matchNames(parts, names[i:j]) {
					return true
				}
			}
		}
		return false
	})
}

func matchNames(parts, names []string) bool {
	switch {
	case len(parts) == 0:
		return len(names) == 0
	case parts[0] == "**":
		for i := range len(names) + 1 {
			if matchNames(parts[1:], names[i:]) {
				return true
			}
		}
		return false
	case len(names) == 0:
		return false
	}
	ok, err := path.Match(parts[0], names[0])
	return ok && err == nil && matchNames(parts[1:], names[1:])
}
