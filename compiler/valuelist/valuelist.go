// Package valuelist reads the lists of values that placeholders in rules stand for: files in plain text, CSV, JSON or YAML, named by
// the file_placeholders of a pipeline. Package compiler hands it to pipelines where the user allows it. It fetches nothing over the
// network and runs no commands.
package valuelist

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// MaxSize is the largest list that is read, in bytes.
const MaxSize = 10 << 20

// ErrKind says that values would have to come from elsewhere than a file.
var ErrKind = errors.New("only file_placeholders can be read; the values of http_placeholders and command_placeholders come with dynamic sources")

// formats turn the content of a list into values.
var formats = map[string]func(data []byte, e pipeline.External) ([]string, error){
	"":          plainText,
	"plaintext": plainText,
	"csv":       csvColumn,
	"json":      jsonValues,
	"yaml":      yamlValues,
}

// Read returns the values that e names, those that its filter lets through, in order. A relative path is one from the working
// directory. The error names the file.
//
// Source: pipelines.md section 8.
func Read(e pipeline.External) ([]string, error) {
	if e.Kind != "file" {
		return nil, ErrKind
	}
	path := e.Params.Get("path").Text
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	values, err := formats[e.Format](data, e)
	if err == nil {
		values, err = filter(values, e.Filter)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
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
