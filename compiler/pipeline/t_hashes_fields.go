package pipeline

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// hashAlgorithms are known by the length of a hash in hexadecimal digits.
var hashAlgorithms = map[int]string{32: "MD5", 40: "SHA1", 64: "SHA256", 128: "SHA512"}

// hashesFields splits fields such as Hashes, which hold ALGORITHM=HASH pairs, into one field for each algorithm (section
// 7.7).
type hashesFields struct {
	valid  []string // in upper case
	prefix string
	drop   bool // the algorithm is not part of the new name
	fields []string
}

func readHashesFields(a *params, _ *Item) transformation {
	t := hashesFields{prefix: a.text("field_prefix", ""), drop: a.flag("drop_algo_prefix"), fields: a.texts("field_to_parse")}
	for _, algorithm := range a.list("valid_hash_algos") {
		t.valid = append(t.valid, strings.ToUpper(algorithm))
	}
	if t.fields == nil {
		t.fields = []string{"Hashes", "Hash"}
	}
	return t
}

func (t hashesFields) applyRule(r *run) error {
	return r.each(func(it *sigma.Item) (sigma.Node, error) {
		texts, ok := stringTexts(it.Values)
		if !ok || !slices.Contains(t.fields, it.Field.Name) {
			return it, nil
		}
		group := &sigma.Group{Pos: it.Pos, Any: !it.All}
		for _, text := range texts {
			for part := range strings.SplitSeq(text, ",") {
				t.add(group, it, part)
			}
		}
		if len(group.Nodes) == 0 {
			return nil, fail(CodeNoValidHash, "No valid hash algorithm found in %s field", it.Field.Name)
		}
		for _, n := range group.Nodes {
			r.mark(n.(*sigma.Item))
		}
		if it.Neg {
			negate(group)
		}
		return group, nil
	})
}

// add adds the hash that part stands for to the item of its algorithm, if that is a valid one.
func (t hashesFields) add(group *sigma.Group, it *sigma.Item, part string) {
	algorithm, hash := parseHash(part)
	if !slices.Contains(t.valid, algorithm) {
		return
	}
	field := t.field(algorithm)
	i := slices.IndexFunc(group.Nodes, func(n sigma.Node) bool { return n.(*sigma.Item).Field == field })
	if i < 0 {
		i = len(group.Nodes)
		group.Nodes = append(group.Nodes, hashItem(it, field))
	}
	item := group.Nodes[i].(*sigma.Item)
	item.Values = append(item.Values, sigma.String{Pattern: modifier.Literal(hash)})
}

// hashItem returns the item of an algorithm, made of it. Keywords are searched for, whatever it did.
func hashItem(it *sigma.Item, field sigma.Field) *sigma.Item {
	item := &sigma.Item{Pos: it.Pos, Field: field, Modifiers: it.Modifiers, Raw: it.Raw}
	if field.Kind == sigma.FieldKeyword {
		item.Modifiers = nil
	}
	return item
}

// field returns the field of an algorithm.
func (t hashesFields) field(algorithm string) sigma.Field {
	name := t.prefix
	if !t.drop {
		name += algorithm
	}
	if name == "keyword" {
		return sigma.Field{Kind: sigma.FieldKeyword}
	}
	return sigma.Field{Kind: sigma.FieldPlain, Name: name}
}

// parseHash takes ALGORITHM=HASH or ALGORITHM|HASH apart, or tells the algorithm of a bare hash by its length.
func parseHash(part string) (algorithm, hash string) {
	part = strings.TrimSpace(part)
	separator := "="
	if strings.Contains(part, "|") {
		separator = "|"
	}
	pieces := strings.Split(part, separator)
	if len(pieces) == 2 {
		return strings.ToUpper(strings.TrimLeft(pieces[0], "*")), strings.Trim(pieces[1], "*?")
	}
	hash = strings.Trim(part, "*?")
	return hashAlgorithms[len(hash)], hash
}
