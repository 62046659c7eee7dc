package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// understand parses a command line as the program does, without running anything.
func understand(args []string) error {
	if len(args) >= 2 && args[0] == "engine" && args[1] == "daemon" {
		args = append([]string{"run"}, args[2:]...)
	}
	helped := false
	parser, err := kong.New(&cli{}, kong.Name("rsigmad"), kong.Vars{"version": ""}, kong.Exit(func(int) { helped = true }),
		kong.Writers(discard{}, discard{}))
	if err != nil {
		return err
	}
	if _, err = parser.Parse(args); helped {
		return nil // --help and --version end before anything else is looked at
	}
	return err
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// commands returns the command lines of rsigmad in the code blocks of a page for a shell.
func commands(page string) (out [][]string) {
	shell, open := "", ""
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\r\n")
		if info, ok := strings.CutPrefix(strings.TrimSpace(line), "```"); ok {
			shell = info // empty at the end of a block
			continue
		}
		switch shell {
		case "sh", "bash":
		case "console": // with what the commands print
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok && open == "" {
				continue
			}
			line = command
		default:
			continue
		}
		if head, ok := strings.CutSuffix(line, `\`); ok {
			open += head
			continue
		}
		for _, words := range words(open + line) {
			for i, w := range words {
				if w == "rsigmad" || strings.HasSuffix(w, "/rsigmad") {
					out = append(out, words[i+1:])
					break
				}
			}
		}
		open = ""
	}
	return out
}

// words cuts a line of shell into its commands and these into words. It knows quotes, backslashes, comments, redirections and what joins
// commands.
func words(line string) (commands [][]string) {
	var command []string
	var word strings.Builder
	quote, some, skip, escaped := rune(0), false, false, false
	end := func() {
		if some && !skip {
			command = append(command, word.String())
		}
		skip = skip && !some
		word.Reset()
		some = false
	}
	finish := func() {
		end()
		if len(command) > 0 {
			commands = append(commands, command)
		}
		command, skip = nil, false
	}
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, some = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, some = c, true
		case c == '#' && !some:
			finish()
			return commands
		case c == ' ' || c == '\t':
			end()
		case c == '|' || c == ';' || c == '&':
			finish()
		case c == '<' || c == '>' && !some: // a > in a word is a subject's
			end()
			skip = true
		default:
			word.WriteRune(c)
			some = true
		}
	}
	finish()
	return commands
}

// TestTheCommandsInTheDocumentationAreUnderstood finds flags that are not there, values that are not allowed, and commands that are
// called otherwise.
func TestTheCommandsInTheDocumentationAreUnderstood(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../docs/reference/*.md", "../../examples/*.md", "../../examples/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	n := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range commands(string(text)) {
			n++
			if err := understand(args); err != nil {
				t.Errorf("%s: rsigmad %s: %v", strings.TrimPrefix(page, "../../"), strings.Join(args, " "), err)
			}
		}
	}
	t.Logf("%d commands", n)
	if n < 30 {
		t.Errorf("only %d commands were found", n)
	}
}

func TestWrongCommandsInTheDocumentationAreNoticed(t *testing.T) {
	t.Parallel()
	page := "text rsigmad --none\n```sh\nX=1 rsigmad --none  # a --comment\ncat 'a | b' | bin/rsigmad \\\n  --input 'nats://h/a.>' --bad > out\nrsigmad eval < in && " +
		"rsigmad nothing\nrsigmad --input nats://h/a.\\> --durability \"x y\"\n```\n```json\nrsigmad --json\n```\n```console\n$ echo; rsigmad \\\n  --version\nrsigmad devel\n```\n"
	got := commands(page)
	want := [][]string{{"--none"}, {"--input", "nats://h/a.>", "--bad"}, {"eval"}, {"nothing"}, {"--input", "nats://h/a.>", "--durability", "x y"}, {"--version"}}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%q, want %q", got, want)
	}
	for i, args := range got {
		if err := understand(args); (err == nil) != (i == 2 || i == 5) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// compose reads a file of examples/compose.
func compose(t *testing.T, name string) *yamldoc.Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../examples/compose", name))
	if err != nil {
		t.Fatal(err)
	}
	var log diag.List
	docs := yamldoc.Parse(name, text, &log)
	if len(docs) != 1 || docs[0].Root == nil {
		t.Fatalf("%s: %+v", name, log)
	}
	return docs[0].Root
}

// at follows keys, and fails the test if one is missing.
func at(t *testing.T, n *yamldoc.Node, keys ...string) *yamldoc.Node {
	t.Helper()
	for _, k := range keys {
		if n = n.Get(k); n == nil {
			t.Fatalf("%s is missing in %q", k, keys)
		}
	}
	return n
}

func texts(n *yamldoc.Node) (out []string) {
	for _, x := range n.Items {
		out = append(out, x.Text)
	}
	return out
}

func TestTheComposeFilesSayWhatTheDaemonUnderstands(t *testing.T) {
	t.Parallel()
	base, otlp := compose(t, "compose.yaml"), compose(t, "compose.otlp.yaml")
	command, more := texts(at(t, base, "services", "rsigmad", "command")), texts(at(t, otlp, "services", "rsigmad", "command"))
	for _, args := range [][]string{command, more} {
		if err := understand(args); err != nil || len(args) < 5 {
			t.Errorf("%q: %v", args, err)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(more), func(arg string) bool { return arg == "--output=otlp://collector:4319" })
	if !slices.Equal(rest, command) {
		t.Errorf("the commands differ in more than one output: %q, %q", command, more)
	}
	daemon := at(t, base, "services", "rsigmad")
	if !at(t, daemon, "read_only").Bool || fmt.Sprint(texts(at(t, daemon, "cap_drop"))) != "[ALL]" ||
		fmt.Sprint(texts(at(t, daemon, "security_opt"))) != "[no-new-privileges:true]" {
		t.Error("the container may do more than it needs")
	}
	for _, port := range texts(at(t, daemon, "ports")) {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("port %s can be reached from everywhere, in plain text", port)
		}
	}
	if err := understand(texts(at(t, daemon, "healthcheck", "test"))[2:]); err != nil {
		t.Error(err)
	}
	dockerfile, err := os.ReadFile(filepath.Join("../../examples/compose", at(t, daemon, "build", "context").Text, at(t, daemon, "build", "dockerfile").Text))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"FROM gcr.io/distroless/static-debian12:nonroot", "USER 65532:65532", `ENTRYPOINT ["/usr/local/bin/rsigmad"]`} {
		if !strings.Contains(string(dockerfile), "\n"+line+"\n") {
			t.Errorf("the image lacks %q", line)
		}
	}
	collector := compose(t, "collector.yaml")
	if got := at(t, collector, "exporters", "otlp/rsigma", "endpoint").Text; got != "rsigmad:9090" {
		t.Errorf("the collector sends to %s", got)
	}
	if got := at(t, collector, "receivers", "otlp/results", "protocols", "grpc", "endpoint").Text; got != "0.0.0.0:4319" {
		t.Errorf("the collector takes results on %s", got)
	}
}

// TestTheComposeFileDetects runs the daemon of the compose file, with the linked rules, at a server of the test.
func TestTheComposeFileDetects(t *testing.T) {
	t.Parallel()
	s := natstest.StartJetStream(t)
	var args []string
	for _, arg := range texts(at(t, compose(t, "compose.yaml"), "services", "rsigmad", "command")) {
		arg = strings.ReplaceAll(arg, "nats://nats:4222", s.ClientURL())
		args = append(args, strings.ReplaceAll(arg, "0.0.0.0:9090", "127.0.0.1:0"))
	}
	p := launch(t, args...).ready()
	j := s.Client()
	if _, err := j.Publish(t.Context(), "events.web", []byte(`{"Image":"C:\\Windows\\System32\\net.exe","CommandLine":"net user bo S3cret /add"}`)); err != nil {
		t.Fatal(err)
	}
	p.waitForMetric("rsigma_events_processed_total", 1)
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	results := readStream(t, j, "rsigma-detections")
	if len(results) == 0 || !json.Valid([]byte(results[0])) {
		t.Errorf("results %q", results)
	}
}
