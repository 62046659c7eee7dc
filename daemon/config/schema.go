package config

import (
	"encoding/json"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, indented, with a final line feed. It accepts what Load accepts, except
// for null, which Load takes for a key that is not there, and for what a schema cannot say: that variables are set and names differ.
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
	case Seconds:
		out["type"] = "integer"
	case Enum:
		values := make([]any, 0, len(k.Values)+1)
		for _, v := range k.Values {
			values = append(values, v)
			if v == "true" || v == "false" { // without quotes they are not texts
				values = append(values, v == "true")
			}
		}
		out["enum"] = values
	default:
		out["type"] = string(k.Kind)
	}
	if d := standard(k); d != nil {
		out["default"] = d
	}
	return out
}

// standard returns the default of k as a value of the file, nil if it has none.
func standard(k *Key) any {
	switch {
	case k.Default == "":
		return nil
	case k.Kind == List:
		return []any{k.Default}
	case k.Kind == Bool || k.Kind == Int || k.Kind == Seconds || k.Kind == Number:
		return json.RawMessage(k.Default)
	default:
		return k.Default
	}
}

// permissionList is a list that is not empty, or a single permission.
var permissionList = map[string]any{"oneOf": []any{permission, map[string]any{"type": "array", "minItems": 1, "items": permission}}}

var permission = map[string]any{"type": "string", "pattern": permissionPattern.String()}

var someText = map[string]any{"type": "string", "minLength": 1}

// authSchema is the schema of daemon.api.auth.
var authSchema = map[string]any{
	"type": "object", "additionalProperties": false, "description": "Who may use the API.",
	"properties": map[string]any{
		"anonymous_permissions": permissionList,
		"roles":                 map[string]any{"type": "object", "additionalProperties": permissionList},
		"tokens": map[string]any{"type": "array", "items": map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"name", "token_env"},
			"properties": map[string]any{
				"name": someText, "role": someText, "permissions": permissionList,
				"token_env": map[string]any{"type": "string", "pattern": variablePattern.String()},
			},
			"oneOf": []any{map[string]any{"required": []any{"role"}}, map[string]any{"required": []any{"permissions"}}},
		}},
	},
}
