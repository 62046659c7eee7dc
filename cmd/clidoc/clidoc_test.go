package clidoc

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// tool is a command line with everything that scripts have to deal with.
type tool struct {
	Run struct {
		Rules   []string `sep:"none" short:"r" placeholder:"PATH" help:"Where the 'rules' are: files, [directories]. Repeatable."`
		Level   string   `enum:"low,high" default:"low" env:"TOOL_LEVEL" help:"Level: low or high."`
		Secret  string   `hidden:"" help:"Not shown."`
		Dry     bool     `short:"n" help:"Do nothing."`
		Timeout string   `placeholder:"DUR" help:"How long."`
	} `cmd:"" default:"withargs" help:"Run. This is the default."`
	Pipeline struct {
		List struct{} `cmd:"" help:"List them."`
		Show struct {
			Name string `arg:"" enum:"one,two" help:"Name."`
			Out  string `short:"o" placeholder:"DIR" help:"Where to."`
		} `cmd:"" help:"Show one."`
	} `cmd:"" help:"Pipelines."`
	Read struct {
		Files []string `arg:"" optional:"" name:"file" help:"Files."`
	} `cmd:"" help:"Read files."`
	Internal struct{} `cmd:"" hidden:"" help:"Not shown."`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(&tool{}, kong.Name("tool"), kong.Description("Does things.\n\nIn detail: back\\slash.\n\nExamples:\n  .tool -r x"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

func TestScriptsAndPagesAreThoseOfTheGoldenFiles(t *testing.T) {
	t.Parallel()
	app := model(t)
	texts := map[string]string{"tool.1": Man(app)}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		text, err := Completion(app, shell)
		if err != nil {
			t.Fatal(err)
		}
		texts["tool."+shell] = text
	}
	if _, err := Completion(app, "tcsh"); err == nil {
		t.Error("a shell that is not known")
	}
	for name, got := range texts {
		if strings.Contains(got, "nternal") || strings.Contains(got, "secret") {
			t.Errorf("%s shows what is hidden", name)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != got {
			t.Errorf("%s is not what is made (%v): go test ./cmd/clidoc -update, and look at the difference", path, err)
		}
	}
	entries, err := os.ReadDir("testdata")
	if err != nil || len(entries) != len(texts) {
		t.Errorf("%d golden files for %d texts (%v)", len(entries), len(texts), err)
	}
}

// complete asks bash for what completes the last of words.
func complete(t *testing.T, dir string, words ...string) []string {
	t.Helper()
	script := `source ` + filepath.Join(dir, "script") + `
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tool 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.Command("bash", append([]string{"-c", script, "bash"}, words...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	found := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(found)
	return found
}

func TestBashCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash")
	}
	dir := t.TempDir()
	text, err := Completion(model(t), "bash")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "some dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string][]string{
		"tool |":                        {"pipeline", "read", "run"},
		"tool p|":                       {"pipeline"},
		"tool --l|":                     {"--level"},
		"tool run --|":                  {"--dry", "--help", "--level", "--rules", "--timeout"},
		"tool run --level|":             {"--level"},
		"tool run --level |":            {"high", "low"},
		"tool run --level =|":           {"high", "low"},
		"tool run --level = h|":         {"high"},
		"tool --level high run --t|":    {"--timeout"},
		"tool pipeline |":               {"list", "show"},
		"tool pipeline show |":          {"one", "two"},
		"tool pipeline show one -o |":   {"some dir"},
		"tool -r s|":                    {"script", "some dir"},
		"tool -r run --level |":         {"high", "low"},
		"tool -r pipeline --level |":    {"high", "low"},
		"tool read s|":                  {"script", "some dir"},
		"tool run --timeout |":          {""},
		"tool pipeline list --nothing|": {""},
	} {
		words := strings.Split(strings.TrimSuffix(line, "|"), " ")
		if got := complete(t, dir, words...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("needs fish")
	}
	for line, want := range map[string]string{
		"tool p":                 "pipeline\tPipelines",
		"tool pipeline show ":    "one two",
		"tool run --level ":      "high\tLevel: low or high low\tLevel: low or high",
		"tool pipeline show --o": "--out\tWhere to",
	} {
		cmd := exec.Command("fish", "--no-config", "-c", "source testdata/tool.fish; complete -C '"+line+"'")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.Output()
		if got := strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), " "); err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", line, got, want, err)
		}
	}
}

func TestOtherToolsUnderstandWhatIsMade(t *testing.T) {
	t.Parallel()
	app, ran := model(t), 0
	for name, args := range map[string][]string{"zsh": {"-n"}, "fish": {"--no-execute"}, "groff": {"-man", "-ww", "-Tutf8"}} {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		text := Man(app)
		if name != "groff" {
			var err error
			if text, err = Completion(app, name); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(name, append(args, file)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v %s", name, err, stderr.String())
		}
		ran++
	}
	if ran == 0 {
		t.Skip("neither zsh nor fish nor groff is here")
	}
}
