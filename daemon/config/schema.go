package config

import (
	"encoding/json"
	"strings"
)

// Schema returns the JSON Schema of the configuration file.
func Schema() []byte {
	root := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Configuration of rsigmad",
		"type":    "object", "additionalProperties": false,
		"properties": map[string]any{
			"version": map[string]any{"const": 1, "description": "Version of the format."},
			"daemon":  section("The daemon."),
		},
	}
	for i := range keys {
		steps := strings.Split(keys[i].Path, ".")
		at := root
		for _, step := range steps[:len(steps)-1] {
			at = child(at, step)
		}
		at["properties"].(map[string]any)[steps[len(steps)-1]] = leafSchema(&keys[i])
	}
	child(child(root, "daemon"), "api")["properties"].(map[string]any)["auth"] = authSchema
	out, _ := json.MarshalIndent(root, "", "  ") // plain data
	return append(out, '\n')
}

func section(doc string) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "description": doc, "properties": map[string]any{}}
}

// child returns the section named step of at, which it makes if need be.
func child(at map[string]any, step string) map[string]any {
	props := at["properties"].(map[string]any)
	if props[step] == nil {
		props[step] = section("Settings of " + step + ".")
	}
	return props[step].(map[string]any)
}

func leafSchema(k *Key) map[string]any {
	out := map[string]any{"description": k.Doc + " Flag --" + k.Flag + "."}
	text := map[string]any{"type": "string"}
	switch k.Kind {
	case List:
		out["oneOf"] = []any{text, map[string]any{"type": "array", "items": text}}
	case String:
		out["type"] = []any{"string", "number"}
	case Duration:
		out["type"] = "string"
	default:
		out["type"] = string(k.Kind)
	}
	return out
}

var textList = map[string]any{"type": "array", "items": map[string]any{"type": "string"}}

// authSchema is the schema of daemon.api.auth.
var authSchema = map[string]any{
	"type": "object", "additionalProperties": false, "description": "Who may use the API.",
	"properties": map[string]any{
		"anonymous_permissions": textList,
		"roles":                 map[string]any{"type": "object", "additionalProperties": textList},
		"tokens": map[string]any{"type": "array", "items": map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"name", "token_env"},
			"properties": map[string]any{
				"name": map[string]any{"type": "string"}, "role": map[string]any{"type": "string"},
				"permissions": textList, "token_env": map[string]any{"type": "string"},
			},
		}},
	},
}
