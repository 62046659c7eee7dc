package clidoc

import (
	"fmt"
	"strings"
)

// zsh returns the script for zsh: a function for each command.
func zsh(app string, root *command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# Completion of %s for zsh, made by \"%s completion zsh\".\n", app, app, app)
	for _, c := range root.all() {
		fmt.Fprintf(&b, "\n%s() {\n", c.function(app))
		if len(c.commands) > 0 {
			b.WriteString("\tlocal curcontext=\"$curcontext\" state line\n\ttypeset -A opt_args\n\t_arguments -C \\\n")
		} else {
			b.WriteString("\t_arguments \\\n")
		}
		for _, f := range c.flags {
			for _, spec := range f.zsh() {
				fmt.Fprintf(&b, "\t\t%s \\\n", spec)
			}
		}
		switch {
		case len(c.commands) > 0:
			b.WriteString("\t\t'1: :->command' \\\n\t\t'*:: :->rest'\n\tcase $state in\n\tcommand)\n\t\tlocal -a commands=(\n")
			for _, x := range c.commands {
				fmt.Fprintf(&b, "\t\t\t%s\n", quoted(strings.ReplaceAll(x.names[len(x.names)-1], ":", `\:`)+":"+sentence(x.help)))
			}
			b.WriteString("\t\t)\n\t\t_describe -t commands command commands\n\t\t;;\n\trest)\n\t\tcase $line[1] in\n")
			for _, x := range c.commands {
				fmt.Fprintf(&b, "\t\t%s) %s ;;\n", x.names[len(x.names)-1], x.function(app))
			}
			b.WriteString("\t\tesac\n\t\t;;\n\tesac\n")
		case len(c.args) > 0:
			for i, a := range c.args {
				fmt.Fprintf(&b, "\t\t%s", quoted(":"+zshText(strings.Trim(c.argNames[i], "<>[]. "))+":"+a.zsh()))
				if i == len(c.args)-1 && strings.Contains(c.argNames[i], "...") {
					fmt.Fprintf(&b, " \\\n\t\t%s", quoted("*:"+zshText(strings.Trim(c.argNames[i], "<>[]. "))+":"+a.zsh()))
				}
				b.WriteString(map[bool]string{true: " \\\n", false: "\n"}[i < len(c.args)-1])
			}
		default:
			b.WriteString("\t\t'*: :'\n")
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "\nif [[ $funcstack[1] == _%s ]]; then\n\t_%s \"$@\"\nelse\n\tcompdef _%s %s\nfi\n", app, app, app, app)
	return b.String()
}

// zsh returns the flag as arguments of _arguments.
func (f *option) zsh() (specs []string) {
	tail := "[" + zshText(sentence(f.help)) + "]"
	if f.takesValue {
		tail += ":" + zshText(f.name) + ":" + f.value.zsh()
	}
	names := []string{"--" + f.long}
	if f.short != "" {
		names = append(names, "-"+f.short)
	}
	for _, n := range names {
		spec := n + tail
		if f.takesValue && strings.HasPrefix(n, "--") {
			spec = n + "=" + tail
		}
		switch {
		case f.repeatable:
			spec = "*" + spec
		case len(names) > 1:
			spec = "(" + strings.Join(names, " ") + ")" + spec
		}
		specs = append(specs, quoted(spec))
	}
	return specs
}

func (v value) zsh() string {
	switch v.kind {
	case words:
		return "(" + strings.Join(v.words, " ") + ")"
	case files:
		return "_files"
	case directories:
		return "_files -/"
	}
	return " "
}

// zshText escapes what _arguments takes for itself.
func zshText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(text)
}
