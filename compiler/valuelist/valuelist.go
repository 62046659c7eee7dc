// Package valuelist reads the lists of values that placeholders in rules stand for: files, answers of HTTP servers and the output of
// commands, in plain text, CSV, JSON or YAML, as the file_placeholders, http_placeholders and command_placeholders of a pipeline name
// them. Package compiler hands it to pipelines where the user allows it. Fetching is package dynsource's.
package valuelist

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"sync"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// MaxSize is the largest list that is read, in bytes.
const MaxSize = 10 << 20

// formats turn the content of a list into values.
var formats = map[string]func(data []byte, e pipeline.External) ([]string, error){
	"":          plainText,
	"plaintext": plainText,
	"csv":       csvColumn,
	"json":      jsonValues,
	"yaml":      yamlValues,
}

// Reader reads lists. It keeps the last good list of each item, so that a server that is down for a while does not take the rules with
// it. It is safe for concurrent use.
type Reader struct {
	// Fetch are the rules for lists that come over the network or from commands.
	Fetch dynsource.LoadOptions

	mu   sync.Mutex
	kept map[string][]byte // what was fetched, by item
}

// Read returns the values that e names, those that its filter lets through, in order. A relative path is one from the working
// directory. The error names the file, or the kind of placeholder.
//
// Source: pipelines.md section 8.
func (r *Reader) Read(e pipeline.External) ([]string, error) {
	name, data, err := r.data(e)
	if err != nil {
		return nil, err
	}
	values, err := formats[e.Format](data, e)
	if err == nil {
		values, err = filter(values, e.Filter)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return values, nil
}

// Round returns Read for one compilation: each list is read once, however many rules ask for it.
func (r *Reader) Round() func(pipeline.External) ([]string, error) {
	type answer struct {
		values []string
		err    error
	}
	known := map[string]answer{}
	return func(e pipeline.External) ([]string, error) {
		key := e.Kind + yamldoc.JSON(e.Params)
		a, ok := known[key]
		if !ok {
			a.values, a.err = r.Read(e)
			known[key] = a
		}
		return a.values, a.err
	}
}

// data returns what e names, and a name for it.
func (r *Reader) data(e pipeline.External) (name string, data []byte, err error) {
	switch e.Kind {
	case "file":
		name = e.Params.Get("path").Text
		data, err = readFile(name)
		return name, data, err
	case "http":
		data, err = r.fetch(e, r.http)
	case "command":
		data, err = r.fetch(e, r.command)
	}
	return e.Kind + "_placeholders", data, err
}

// fetch returns what get fetches, else what it fetched last.
func (r *Reader) fetch(e pipeline.External, get func(pipeline.External) ([]byte, *dynsource.Error)) ([]byte, error) {
	key := e.Kind + yamldoc.JSON(e.Params)
	data, err := get(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if kept, ok := r.kept[key]; ok {
			return kept, nil
		}
		return nil, fmt.Errorf("%s_placeholders: %s: %w", e.Kind, err.Kind, err)
	}
	if r.kept == nil {
		r.kept = map[string][]byte{}
	}
	r.kept[key] = data
	return data, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err == nil && len(data) > MaxSize {
		err = fmt.Errorf("%s: the list is larger than %d MiB", path, MaxSize>>20)
	}
	return data, err
}

// filter keeps the values that expr matches somewhere.
func filter(values []string, expr string) ([]string, error) {
	if expr == "" {
		return values, nil
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, v := range values {
		if re.MatchString(v) {
			out = append(out, v)
		}
	}
	return out, nil
}
