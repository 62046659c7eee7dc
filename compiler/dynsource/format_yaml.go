package dynsource

import (
	"errors"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// parseYAML parses a document; several are a list of them.
func parseYAML(data []byte) (any, error) {
	if len(data) > yamldoc.MaxFileSize {
		return nil, failf(KindResource, "larger than %d bytes, the most that a value in YAML may have; JSON may have more", yamldoc.MaxFileSize)
	}
	log := &diag.List{}
	docs := yamldoc.Parse("value", data, log)
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError {
			return nil, errors.New(d.Msg)
		}
	}
	var out []any
	for _, d := range docs {
		if d.Root != nil {
			out = append(out, plain(d.Root))
		}
	}
	switch len(out) {
	case 0:
		return nil, nil
	case 1:
		return out[0], nil
	}
	return out, nil
}
