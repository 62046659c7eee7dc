package valuelist_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/valuelist"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// external reads the parameters of an item whose path is that of a file with the given content.
func external(t *testing.T, content string, e pipeline.External) pipeline.External {
	t.Helper()
	p := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Kind = "file"
	e.Params = yamldoc.Parse("p.yml", []byte("path: "+p+"\n"), &diag.List{})[0].Root
	return e
}

func TestListsOfEveryFormat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		e       pipeline.External
		want    []string
	}{
		"plain text":    {"\uFEFF a \n\nb\r\n", pipeline.External{}, []string{"a", "b"}},
		"filtered":      {"host-1\nlab-1\nhost-2\n", pipeline.External{Filter: "^host"}, []string{"host-1", "host-2"}},
		"first column":  {"a,1\n\"b,c\",2\n", pipeline.External{Format: "csv"}, []string{"a", "b,c"}},
		"named column":  {"ip,host\n192.0.2.1,a\n192.0.2.2\n", pipeline.External{Format: "csv", CSVHeader: true, CSVColumn: "host"}, []string{"a"}},
		"second column": {"a,1\nb,2\n", pipeline.External{Format: "csv", CSVColumn: "1"}, []string{"1", "2"}},
		"JSON list":     {`["a",1,2.5,true]`, pipeline.External{Format: "json"}, []string{"a", "1", "2.5", "true"}},
		"JSON with jq":  {`{"h":[{"n":"a"},{"n":"b"}]}`, pipeline.External{Format: "json", JQ: ".h[].n"}, []string{"a", "b"}},
		"JSON scalar":   {`"a"`, pipeline.External{Format: "json"}, []string{"a"}},
		"YAML list":     {"- a\n- 7\n- '007'\n", pipeline.External{Format: "yaml"}, []string{"a", "7", "007"}},
		"YAML with jq":  {"users: {admins: [x, y]}\n", pipeline.External{Format: "yaml", JQ: ".users.admins[]"}, []string{"x", "y"}},
		"an empty list": {"", pipeline.External{}, nil},
	} {
		got, err := new(valuelist.Reader).Read(external(t, c.content, c.e))
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestFaultsOfListsNameTheFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		e       pipeline.External
		want    string
	}{
		"bad JSON":          {`[`, pipeline.External{Format: "json"}, "unexpected end"},
		"objects":           {`[{"a":1}]`, pipeline.External{Format: "json"}, "jq_expression"},
		"bad YAML":          {"a: [", pipeline.External{Format: "yaml"}, "invalid yaml"},
		"bad CSV":           {"\"a\nb", pipeline.External{Format: "csv"}, "quote"},
		"an unknown column": {"a,b\n1,2\n", pipeline.External{Format: "csv", CSVHeader: true, CSVColumn: "c"}, `no column "c"`},
		"a name, no header": {"a,b\n", pipeline.External{Format: "csv", CSVColumn: "c"}, "csv_has_header"},
		"bad jq":            {`[]`, pipeline.External{Format: "json", JQ: "["}, "jq expression"},
		"too large":         {strings.Repeat("x", valuelist.MaxSize+1), pipeline.External{}, "larger than"},
	} {
		e := external(t, c.content, c.e)
		_, err := new(valuelist.Reader).Read(e)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), e.Params.Get("path").Text) {
			t.Errorf("%s: %v, want %q and the path", name, err, c.want)
		}
	}
}

// params parses the parameters of an item.
func params(t *testing.T, text string) *yamldoc.Node {
	t.Helper()
	docs := yamldoc.Parse("p", []byte(text), &diag.List{})
	if len(docs) != 1 || docs[0].Root == nil {
		t.Fatalf("%s is no YAML", text)
	}
	return docs[0].Root
}

func TestListsComeFromServersAndCommands(t *testing.T) {
	t.Parallel()
	asked, down := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		if down {
			w.WriteHeader(500)
			return
		}
		fmt.Fprintf(w, "%s\n%s\n%s\n%s\n", r.Method, r.URL.Query().Get("q"), r.Header.Get("X-Key"), body)
	}))
	defer server.Close()
	r := &valuelist.Reader{Fetch: dynsource.LoadOptions{AllowCommand: true}}
	for text, want := range map[string]string{
		"url: " + server.URL + "\nparams: {q: a b}\nheaders: {X-Key: k}": "GET,a b,k",
		"url: " + server.URL + "?q=1\nform_data: {x: y z}":               "POST,1,x=y+z",
		"url: " + server.URL + "\njson_body: {x: [1]}\nmethod: put":      `PUT,{"x":[1]}`,
	} {
		got, err := r.Read(pipeline.External{Kind: "http", Params: params(t, text)})
		if err != nil || strings.Join(got, ",") != want {
			t.Errorf("%s: %q, %v; want %s", text, got, err, want)
		}
	}
	got, err := r.Read(pipeline.External{Kind: "command", Params: params(t, "cmd: [echo, bo]")})
	if err != nil || strings.Join(got, ",") != "bo" {
		t.Errorf("a command: %q, %v", got, err)
	}
	if _, err := new(valuelist.Reader).Read(pipeline.External{Kind: "command", Params: params(t, "cmd: [echo, bo]")}); err == nil || !strings.Contains(err.Error(), "--allow-command") {
		t.Errorf("a command that is not allowed: %v", err)
	}
	item := pipeline.External{Kind: "http", Params: params(t, "url: "+server.URL)}
	before := asked
	round := r.Round()
	for range 3 {
		if _, err := round(item); err != nil {
			t.Error(err)
		}
	}
	if asked != before+1 {
		t.Errorf("%d requests in one round", asked-before)
	}
	down = true
	if got, err := r.Round()(item); err != nil || len(got) == 0 {
		t.Errorf("the kept list of a server that is down: %q, %v", got, err)
	}
	fresh := pipeline.External{Kind: "http", Params: params(t, "url: "+server.URL+"/other")}
	if _, err := r.Read(fresh); err == nil || !strings.Contains(err.Error(), "status 500") {
		t.Errorf("a server that is down: %v", err)
	}
	strict := &valuelist.Reader{Fetch: dynsource.LoadOptions{Egress: dynsource.EgressStrict}}
	if _, err := strict.Read(item); err == nil || !strings.Contains(err.Error(), "egress policy denied") {
		t.Errorf("an address that is denied: %v", err)
	}
}

func TestRulesUseListsOnlyWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "admins.txt")
	if err := os.WriteFile(list, []byte("root\nadm*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rule := compiler.Source{Name: "r.yml", Data: []byte("title: t\nlogsource: {product: p}\ndetection: {s: {User|expand: '%admins%'}, condition: s}\n")}
	p := compiler.Source{Name: "p.yml", Data: []byte("name: p\ntransformations: [{type: file_placeholders, path: " + list + ", include: [admins]}]\n")}
	prog, log := compiler.Compile([]compiler.Source{rule}, compiler.Options{Pipelines: []compiler.Source{p}, External: new(valuelist.Reader)})
	if log.Errors() > 0 || len(prog.Rules) != 1 || !strings.Contains(prog.Rules[0].Text(), `"root"`) || !strings.Contains(prog.Rules[0].Text(), `"adm"`) {
		t.Errorf("allowed: %v", log.All())
	}
	if prog, log = compiler.Compile([]compiler.Source{rule}, compiler.Options{Pipelines: []compiler.Source{p}}); len(prog.Rules) != 0 || !strings.Contains(log.Sorted()[0].Msg, "disabled") {
		t.Errorf("not allowed: %v", log.All())
	}
}
