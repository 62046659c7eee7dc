// Package clidoc makes completion scripts and manual pages from the kong model of a command line, so that they say what the program does.
// Both programs print them; it knows neither of them.
package clidoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// kind is what completes a value.
type kind int

const (
	anything kind = iota // nothing can be suggested
	words                // one of a list
	files
	directories
)

// value is a flag's value or an argument.
type value struct {
	kind  kind
	words []string
}

// option is a flag of a command.
type option struct {
	long       string
	short      string // empty without
	help       string // one sentence
	takesValue bool
	repeatable bool
	name       string // of the value
	value
}

// command is a command, the program itself included.
type command struct {
	names    []string // from the root, which is not in it
	help     string
	detail   string
	flags    []option
	args     []value
	argNames []string
	commands []*command
}

// path is the command's names, each behind a slash.
func (c *command) path() string {
	var b strings.Builder
	for _, n := range c.names {
		b.WriteString("/" + n)
	}
	return b.String()
}

// function is a name for a function about c.
func (c *command) function(app string) string {
	return strings.NewReplacer("-", "_").Replace("_" + strings.Join(append([]string{app}, c.names...), "_"))
}

// all returns c and what is below it.
func (c *command) all() []*command {
	out := []*command{c}
	for _, x := range c.commands {
		out = append(out, x.all()...)
	}
	return out
}

// commandOf returns what is shown of a node. Flags of the nodes above it hold for it too, and those of a default command for its parent.
func commandOf(n *kong.Node, names []string) *command {
	c := &command{names: names, help: n.Help, detail: n.Detail}
	for at := n; at != nil; at = at.Parent {
		c.addFlags(at.Flags)
	}
	if n.DefaultCmd != nil {
		c.addFlags(n.DefaultCmd.Flags)
	}
	for _, p := range n.Positional {
		c.args = append(c.args, valueOf(p, p.Name))
		c.argNames = append(c.argNames, p.Summary())
	}
	for _, child := range n.Children {
		if !child.Hidden {
			c.commands = append(c.commands, commandOf(child, append(slices.Clone(names), child.Name)))
		}
	}
	return c
}

func (c *command) addFlags(flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden || slices.ContainsFunc(c.flags, func(have option) bool { return have.long == f.Name }) {
			continue
		}
		x := option{long: f.Name, help: f.Help, takesValue: !f.IsBool() && !f.IsCounter(), repeatable: f.IsCumulative()}
		if f.Short != 0 {
			x.short = string(f.Short)
		}
		if x.takesValue {
			x.name = strings.Trim(f.FormatPlaceHolder(), `"`)
			x.value = valueOf(f.Value, x.name)
		}
		c.flags = append(c.flags, x)
	}
}

// valueOf says what completes v. Placeholders tell files from the rest.
func valueOf(v *kong.Value, name string) value {
	name = strings.ToUpper(name)
	switch {
	case v.Enum != "":
		return value{words, v.EnumSlice()}
	case name == "DIR" || strings.HasSuffix(name, "|DIR"):
		return value{kind: directories}
	case slices.ContainsFunc(strings.Split(name, "|"), func(s string) bool { return slices.Contains([]string{"PATH", "FILE", "@FILE"}, s) }):
		return value{kind: files}
	}
	return value{}
}

// sentence returns the first sentence of a help text, without its full stop.
func sentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSuffix(text, ".")
}

// Completion returns the script that completes the command line of app in shell: bash, zsh or fish.
func Completion(app *kong.Application, shell string) (string, error) {
	root := commandOf(app.Node, nil)
	switch shell {
	case "bash":
		return bash(app.Name, root), nil
	case "zsh":
		return zsh(app.Name, root), nil
	case "fish":
		return fish(app.Name, root), nil
	}
	return "", fmt.Errorf("completion for %q: want bash, zsh or fish", shell)
}

// CompletionHelp is the help of the command that prints the script for a program.
func CompletionHelp(app string) string {
	return strings.ReplaceAll(`Prints a script that completes commands, flags and their values.

Examples:
  source <(APP completion bash)                                    # this shell
  APP completion bash > /etc/bash_completion.d/APP
  APP completion zsh > "${fpath[1]}/_APP"
  APP completion fish > ~/.config/fish/completions/APP.fish`, "APP", app)
}

// ManHelp is the help of the command that prints the manual page of a program.
func ManHelp(app string) string {
	return strings.ReplaceAll(`Prints the manual page, with all commands and flags.

Examples:
  APP man | man -l -
  APP man > /usr/local/share/man/man1/APP.1`, "APP", app)
}
