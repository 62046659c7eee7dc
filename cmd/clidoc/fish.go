package clidoc

import (
	"fmt"
	"strings"
)

// fish returns the script for fish: a line for each flag.
func fish(app string, root *command) string {
	var b strings.Builder
	at := "__fish_" + app + "_at"
	fmt.Fprintf(&b, "# Completion of %s for fish, made by \"%s completion fish\".\n", app, app)
	fmt.Fprintf(&b, `
function %s --description 'whether the command line is at these commands'
	set -l path
	for word in (commandline -opc)[2..-1]
		switch "$path/$word"
			case %s
				set path "$path/$word"
		end
	end
	test "$path" = "$argv[1]"
end

complete -c %s -f
`, at, strings.Join(paths(root), " "), app)
	for _, c := range root.all() {
		head := fmt.Sprintf("complete -c %s -n %s", app, fishQuoted(at+" '"+c.path()+"'"))
		for _, x := range c.commands {
			fmt.Fprintf(&b, "%s -a %s -d %s\n", head, x.names[len(x.names)-1], fishQuoted(sentence(x.help)))
		}
		for _, a := range c.args {
			if s := a.fish(); s != "" {
				fmt.Fprintf(&b, "%s%s\n", head, s)
			}
		}
		for _, f := range c.flags {
			line := head + " -l " + f.long
			if f.short != "" {
				line += " -s " + f.short
			}
			line += " -d " + fishQuoted(sentence(f.help))
			if f.takesValue {
				line += " -x"
				if s := f.value.fish(); f.kind == files {
					line = strings.TrimSuffix(line, " -x") + " -r" + s
				} else {
					line += s
				}
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func paths(root *command) (out []string) {
	for _, c := range root.all()[1:] {
		out = append(out, c.path())
	}
	return out
}

func (v value) fish() string {
	switch v.kind {
	case words:
		return " -a " + fishQuoted(strings.Join(v.words, " "))
	case files:
		return " -F"
	case directories:
		return " -a '(__fish_complete_directories)'"
	}
	return ""
}

// fishQuoted returns text as one word of fish.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
