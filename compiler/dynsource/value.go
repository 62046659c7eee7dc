package dynsource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// join returns path as seen from the directory of file.
func join(file, path string) string { return filepath.Join(filepath.Dir(file), path) }

// plain returns n in the shape that encoding/json gives to an any.
func plain(n *yamldoc.Node) any {
	switch n.Kind {
	case yamldoc.KindNull:
		return nil
	case yamldoc.KindBool:
		return n.Bool
	case yamldoc.KindInt:
		return json.Number(strconv.FormatInt(n.Int, 10))
	case yamldoc.KindFloat:
		if math.IsInf(n.Float, 0) || math.IsNaN(n.Float) {
			return n.Text
		}
		return n.Float
	case yamldoc.KindSequence:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = plain(item)
		}
		return out
	case yamldoc.KindMapping:
		out := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			out[p.Key] = plain(p.Value)
		}
		return out
	}
	return n.Text
}

// node returns a value in JSON shape as a tree that pipelines read. Keys are sorted.
func node(v any, pos diag.Pos) *yamldoc.Node {
	n := &yamldoc.Node{Pos: pos}
	switch x := v.(type) {
	case nil:
		n.Kind = yamldoc.KindNull
	case bool:
		n.Kind, n.Bool, n.Text = yamldoc.KindBool, x, strconv.FormatBool(x)
	case string:
		n.Kind, n.Text = yamldoc.KindString, x
	case []any:
		n.Kind = yamldoc.KindSequence
		for _, item := range x {
			n.Items = append(n.Items, node(item, pos))
		}
	case map[string]any:
		n.Kind = yamldoc.KindMapping
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			n.Pairs = append(n.Pairs, yamldoc.Pair{Key: k, KeyPos: pos, Value: node(x[k], pos)})
		}
	default:
		number(n, x)
	}
	return n
}

// number fills in n with a number of any of the types that JSON decoders and jq use.
func number(n *yamldoc.Node, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		return // NaN and infinity: null
	}
	n.Text = string(text)
	if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil {
		n.Kind, n.Int, n.Float = yamldoc.KindInt, i, float64(i)
		return
	}
	f, err := strconv.ParseFloat(n.Text, 64)
	if err == nil {
		n.Kind, n.Float = yamldoc.KindFloat, f
		return
	}
	n.Kind = yamldoc.KindString
}

// hashOf identifies a value.
func hashOf(v any) (hash string, bytes int) {
	text, _ := json.Marshal(v) // came from JSON
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), len(text)
}

// itemsOf returns the number of elements of v: 1 unless it is a list, 0 for null.
func itemsOf(v any) int {
	switch x := v.(type) {
	case nil:
		return 0
	case []any:
		return len(x)
	}
	return 1
}
