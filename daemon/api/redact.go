package api

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// redactor replaces values by tokens. Equal values get equal tokens, within one session only.
type redactor struct {
	salt  [16]byte
	paths [][]string
}

func newRedactor(paths [][]string) *redactor {
	r := &redactor{paths: paths}
	rand.Read(r.salt[:]) // never fails
	return r
}

// apply returns event with the values at the paths replaced.
func (r *redactor) apply(event []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(event))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return []byte(`{}`) // rather nothing than a value that should not be seen
	}
	for _, p := range r.paths {
		value = r.replace(value, p)
	}
	out, err := json.Marshal(value)
	if err != nil {
		return []byte(`{}`)
	}
	return out
}

// replace follows steps. A key may hold several of them, as in {"user.name": …}; an array stands for each of its elements, unless the step is a number. What is not there is ignored.
func (r *redactor) replace(value any, steps []string) any {
	if len(steps) == 0 {
		return r.token(value)
	}
	switch v := value.(type) {
	case map[string]any:
		for n := range steps {
			key := strings.Join(steps[:n+1], ".")
			if x, ok := v[key]; ok {
				v[key] = r.replace(x, steps[n+1:])
			}
		}
	case []any:
		if i, err := strconv.Atoi(steps[0]); err == nil {
			if 0 <= i && i < len(v) {
				v[i] = r.replace(v[i], steps[1:])
			}
			break
		}
		for i := range v {
			v[i] = r.replace(v[i], steps)
		}
	}
	return value
}

func (r *redactor) token(value any) string {
	text, _ := json.Marshal(value) // came from JSON
	sum := sha256.Sum256(append(r.salt[:], text...))
	return "rsigma:redacted:" + hex.EncodeToString(sum[:8])
}
