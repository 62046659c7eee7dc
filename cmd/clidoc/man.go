package clidoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Man returns the manual page of app, for section 1.
func Man(app *kong.Application) string {
	var b strings.Builder
	summary, rest, _ := strings.Cut(app.Help, "\n")
	fmt.Fprintf(&b, ".TH %s 1 \"\" %s \"User Commands\"\n", strings.ToUpper(app.Name), app.Name)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", app.Name, roff(strings.TrimSuffix(summary, ".")))
	b.WriteString(".SH SYNOPSIS\n")
	for _, n := range app.Children {
		if !n.Hidden {
			synopsis(&b, n)
		}
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(summary))
	prose(&b, rest)
	b.WriteString(".SH COMMANDS\n")
	for _, n := range leaves(app.Node) {
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(n.FullPath()), roff(n.Help))
		prose(&b, n.Detail)
		options(&b, n.Flags)
	}
	b.WriteString(".SH OPTIONS OF ALL COMMANDS\n")
	options(&b, app.Flags)
	environment(&b, app.Node)
	return b.String()
}

// synopsis writes a line for each command without commands of its own.
func synopsis(b *strings.Builder, n *kong.Node) {
	for _, x := range leaves(n) {
		line := ".B " + roff(x.FullPath()) + "\n[\\fIflags\\fR]"
		for _, p := range x.Positional {
			line += " " + roff(p.Summary())
		}
		b.WriteString(line + "\n.br\n")
	}
}

// leaves returns the visible commands below n, or n itself.
func leaves(n *kong.Node) (out []*kong.Node) {
	if len(n.Children) == 0 {
		return []*kong.Node{n}
	}
	for _, c := range n.Children {
		if !c.Hidden {
			out = append(out, leaves(c)...)
		}
	}
	return out
}

// prose writes paragraphs. Indented lines stay as they are.
func prose(b *strings.Builder, text string) {
	if text = strings.Trim(text, "\n"); text == "" {
		return
	}
	b.WriteString(".PP\n")
	verbatim := false
	set := func(on bool) {
		if on != verbatim {
			b.WriteString(map[bool]string{true: ".PP\n.RS 4\n.nf\n", false: ".fi\n.RE\n"}[on])
			verbatim = on
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "":
			set(false)
			b.WriteString(".PP\n")
		default:
			set(strings.HasPrefix(line, "  "))
			b.WriteString(roff(strings.TrimPrefix(line, "  ")) + "\n")
		}
	}
	set(false)
}

func options(b *strings.Builder, flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		name := "\\fB" + roff("--"+f.Name) + "\\fR"
		if f.Short != 0 {
			name = "\\fB" + roff("-"+string(f.Short)) + "\\fR, " + name
		}
		if !f.IsBool() && !f.IsCounter() {
			name += " \\fI" + roff(strings.Trim(f.FormatPlaceHolder(), `"`)) + "\\fR"
		}
		help := f.Help
		if f.HasDefault && !f.IsBool() && f.Default != "" && !strings.Contains(help, f.Default) {
			help += " Default: " + f.Default + "."
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", name, roff(help))
	}
}

// environment lists the variables that stand for flags.
func environment(b *strings.Builder, root *kong.Node) {
	flags := map[string]string{}
	for _, n := range leaves(root) {
		for _, f := range n.Flags {
			for _, e := range f.Envs {
				if !f.Hidden {
					flags[e] = f.Name
				}
			}
		}
	}
	var names []string
	for name := range flags {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			b.WriteString(".SH ENVIRONMENT\n")
		}
		fmt.Fprintf(b, ".TP\n.B %s\nStands for %s.\n", name, roff("--"+flags[name]))
	}
}

// roff escapes a line of text.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "–", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
