package clidoc

import (
	"fmt"
	"strings"
)

// bash returns the script for bash, from 3.2 on, which needs no other package.
func bash(app string, root *command) string {
	var b strings.Builder
	name := "_" + app
	fmt.Fprintf(&b, "# Completion of %s for bash, made by \"%s completion bash\".\n%s() {\n", app, app, name)
	b.WriteString(`	local IFS=$'\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= commands= flags= value= i
	COMPREPLY=()
	# --flag=value comes as three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$path ${COMP_WORDS[i]}" in
`)
	var takes, enters []string
	for _, c := range root.all() {
		for _, f := range c.flags {
			if f.takesValue {
				takes = append(takes, f.spellings(c.path())...)
			}
		}
		for _, x := range c.commands {
			enters = append(enters, quoted(c.path()+" "+x.names[len(x.names)-1]))
		}
	}
	fmt.Fprintf(&b, "\t\t%s) i=$((i + 1)) ;;\n", strings.Join(takes, " | "))
	fmt.Fprintf(&b, "\t\t%s) path=$path/${COMP_WORDS[i]} ;;\n\t\tesac\n\tdone\n\tcase \"$path $prev\" in\n", strings.Join(enters, " | "))
	byValue, order := map[string][]string{}, []string{}
	for _, c := range root.all() {
		for _, f := range c.flags {
			if !f.takesValue {
				continue
			}
			v := f.compgen()
			if byValue[v] == nil {
				order = append(order, v)
			}
			byValue[v] = append(byValue[v], f.spellings(c.path())...)
		}
	}
	for _, v := range order {
		fmt.Fprintf(&b, "\t%s) value=%s ;;\n", strings.Join(byValue[v], " | "), quoted(v))
	}
	b.WriteString("\tesac\n\tcase $path in\n")
	for _, c := range root.all() {
		var commands, flags []string
		for _, x := range c.commands {
			commands = append(commands, x.names[len(x.names)-1])
		}
		for _, f := range c.flags {
			flags = append(flags, "--"+f.long)
		}
		arg := "none"
		if len(c.args) > 0 {
			arg = c.args[0].compgen()
		}
		fmt.Fprintf(&b, "\t%s) commands=%s flags=%s arg=%s ;;\n", quoted(c.path()), lines(commands), lines(flags), quoted(arg))
	}
	b.WriteString(`	esac
	if [[ -z $value ]]; then
		if [[ $cur == -* ]]; then
			value="words $flags"
		elif [[ -n $commands ]]; then
			value="words $commands"
		else
			value=$arg
		fi
	fi
	case $value in
	"words "*) COMPREPLY=($(compgen -W "${value#words }" -- "$cur")) ;;
	files) COMPREPLY=($(compgen -f -- "$cur")) ;;
	directories) COMPREPLY=($(compgen -d -- "$cur")) ;;
	esac
	if [[ $value == files || $value == directories ]]; then
		compopt -o filenames 2>/dev/null
	fi
}
`)
	fmt.Fprintf(&b, "complete -F %s %s\n", name, app)
	return strings.Replace(b.String(), "value= i\n", "value= arg= i\n", 1)
}

// spellings returns the flag below a path, as patterns.
func (f *option) spellings(path string) []string {
	out := []string{quoted(path + " --" + f.long)}
	if f.short != "" {
		out = append(out, quoted(path+" -"+f.short))
	}
	return out
}

// compgen says what completes a value; the script knows the words.
func (v value) compgen() string {
	switch v.kind {
	case words:
		return "words " + strings.Join(v.words, "\n")
	case files:
		return "files"
	case directories:
		return "directories"
	}
	return "none"
}

// lines returns a list as one word of bash, an item a line.
func lines(items []string) string { return quoted(strings.Join(items, "\n")) }

// quoted returns text as one word of a shell: bash, zsh and fish alike, as long as there is no backslash before a quote.
func quoted(text string) string {
	if strings.Contains(text, "\n") {
		return "$'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`).Replace(text) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
