package valuelist

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// http fetches the list of http_placeholders. Without a method it is GET, with a body POST.
func (r *Reader) http(e pipeline.External) ([]byte, *dynsource.Error) {
	req, err := request(e.Params)
	if err != nil {
		return nil, &dynsource.Error{Kind: dynsource.KindFetch, Text: "the request cannot be made", At: time.Now()}
	}
	return dynsource.FetchHTTP(context.Background(), req, r.Fetch, limits(e.Params, "max_body_size"))
}

func request(params *yamldoc.Node) (*http.Request, error) {
	u, err := url.Parse(params.Get("url").Text)
	if err != nil {
		return nil, err
	}
	query := u.Query()
	for name, value := range texts(params.Get("params")) {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	method, body, kind := http.MethodGet, "", ""
	if form := params.Get("form_data"); form != nil {
		values := url.Values{}
		for name, value := range texts(form) {
			values.Set(name, value)
		}
		method, body, kind = http.MethodPost, values.Encode(), "application/x-www-form-urlencoded"
	}
	if doc := params.Get("json_body"); doc != nil {
		method, body, kind = http.MethodPost, yamldoc.JSON(doc), "application/json"
	}
	if m := params.Get("method"); m != nil {
		method = strings.ToUpper(m.Text)
	}
	req, err := http.NewRequest(method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, value := range texts(params.Get("headers")) {
		req.Header.Set(name, value)
	}
	return req, nil
}

func texts(n *yamldoc.Node) map[string]string {
	out := map[string]string{}
	if n != nil {
		for _, p := range n.Pairs {
			out[p.Key] = p.Value.Text
		}
	}
	return out
}

// command runs the program of command_placeholders.
func (r *Reader) command(e pipeline.External) ([]byte, *dynsource.Error) {
	if !r.Fetch.AllowCommand {
		return nil, &dynsource.Error{Kind: dynsource.KindFetch, Text: "commands are off; --allow-command turns them on", At: time.Now()}
	}
	cmd := e.Params.Get("cmd")
	argv := []string{cmd.Text}
	if cmd.Kind == yamldoc.KindSequence {
		argv = nil
		for _, item := range cmd.Items {
			argv = append(argv, item.Text)
		}
	}
	return dynsource.RunCommand(context.Background(), argv, "", limits(e.Params, "max_stdout"))
}

// limits reads the time-out, in seconds, and the size under the given name.
func limits(params *yamldoc.Node, size string) dynsource.Limits {
	var l dynsource.Limits
	if n := params.Get(size); n != nil {
		l.MaxSize = int64(n.Float)
	}
	if n := params.Get("timeout"); n != nil {
		l.Timeout = time.Duration(n.Float * float64(time.Second))
	}
	return l
}
