package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/config"
	"github.com/rsigma-go/rsigma/daemon/metrics"
)

var update = flag.Bool("update", false, "rewrite the reference pages")

// TestTheReferencePagesAreWhatTheProgramDoes compares docs/reference with the tables that the program is made of. With -update it
// rewrites the pages.
func TestTheReferencePagesAreWhatTheProgramDoes(t *testing.T) {
	t.Parallel()
	const dir = "../../docs/reference"
	pages := map[string][]byte{
		"flags.md":           flagsPage(t),
		"configuration.md":   config.AppendMarkdown(nil),
		"endpoints.md":       api.AppendMarkdown(nil),
		"metrics.md":         metrics.AppendMarkdown(nil),
		"rsigma.schema.json": config.Schema(),
	}
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range pages {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not up to date (%v): run make generate", path, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pages[e.Name()] == nil {
			t.Errorf("%s/%s is nobody's page", dir, e.Name())
		}
	}
}

// flagsPage renders every command and flag of the program.
func flagsPage(t *testing.T) []byte {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("rsigmad"), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	out := []byte("# Command line of rsigmad\n\n<!-- Made by \"make generate\" from the program's own help. -->\n\n" +
		"A flag wins over the environment and the [configuration file](configuration.md). `--name value` and `--name=value` mean the same. Without a\n" +
		"command `rsigmad` runs the daemon; a leading `engine daemon` is accepted.\n")
	for _, c := range parser.Model.Children {
		out = fmt.Appendf(out, "\n## `rsigmad %s`\n\n%s\n", c.Name, c.Help)
		if c.Detail != "" {
			out = fmt.Appendf(out, "\n%s\n", strings.TrimSpace(paragraphs(c.Detail)))
		}
		flags := 0
		for _, f := range c.Flags {
			if f.Hidden {
				continue
			}
			if flags++; flags == 1 {
				out = append(out, "\n| Flag | Default | Meaning |\n| --- | --- | --- |\n"...)
			}
			out = append(out, flagRow(f)...)
		}
	}
	return out
}

// paragraphs sets examples, which are indented, as code.
func paragraphs(text string) string {
	var out []string
	code := false
	for _, line := range strings.Split(text, "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != code {
			code = indented
			if code {
				out = append(out, "```sh")
			} else {
				out = append(out, "```")
			}
		}
		out = append(out, strings.TrimPrefix(line, "  "))
	}
	if code {
		out = append(out, "```")
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), "Examples:\n```sh", "Examples:\n\n```sh")
}

func flagRow(f *kong.Flag) string {
	name := "`--" + f.Name
	if !f.IsBool() {
		name += " " + strings.Trim(f.FormatPlaceHolder(), `"`)
	}
	name += "`"
	if f.Short != 0 {
		name = fmt.Sprintf("`-%c`, %s", f.Short, name)
	}
	standard := f.Default
	if standard == "" || f.IsBool() {
		standard = "–"
	} else {
		standard = "`" + standard + "`"
	}
	help := f.Help
	if len(f.Envs) > 0 {
		help += " Variable `" + strings.Join(f.Envs, "`, `") + "`."
	}
	return fmt.Sprintf("| %s | %s | %s |\n", strings.ReplaceAll(name, "|", `\|`), standard, strings.ReplaceAll(help, "|", `\|`))
}

// TestEverySettingOfTheDaemonIsAFlag holds the table of settings against the flags.
func TestEverySettingOfTheDaemonIsAFlag(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, c := range parser.Model.Children {
		if c.Name == "run" {
			for _, f := range c.Flags {
				flags[f.Name] = true
			}
		}
	}
	for _, k := range config.Keys() {
		if !flags[k.Flag] {
			t.Errorf("%s stands for --%s, which is no flag", k.Path, k.Flag)
		}
	}
	if len(flags) < 60 {
		t.Errorf("only %d flags", len(flags))
	}
}
