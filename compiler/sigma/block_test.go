package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// describe writes a detection node in a short form.
func describe(n sigma.Node) string {
	switch n := n.(type) {
	case *sigma.Group:
		var parts []string
		for _, m := range n.Nodes {
			parts = append(parts, describe(m))
		}
		if n.Any {
			return "any(" + strings.Join(parts, " ") + ")"
		}
		return "all(" + strings.Join(parts, " ") + ")"
	case *sigma.Block:
		body := ""
		if n.Body != nil {
			body = describe(n.Body)
		}
		for _, d := range n.Detections {
			body += d.Name + ":" + describe(d.Body) + " "
		}
		for _, c := range n.Conditions {
			body += "if " + c.Text
		}
		return fmt.Sprintf("block%d(%s => %s)", n.Quant, describeField(n.Field), body)
	case *sigma.Item:
		text := describeField(n.Field)
		for _, m := range n.Modifiers {
			text += "|" + m.Name
		}
		for _, v := range n.Raw {
			text += "=" + v.Text
		}
		return text
	}
	return "?"
}

func describeField(f sigma.Field) string {
	return [...]string{"plain:", "indexed:", "self:", "keyword:"}[f.Kind] + f.Name
}

func TestDetectionsKeepTheirShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version         int
		detection, want string
	}{
		{2, `{a: 1, b|contains|all: [x, y]}`, `all(plain:a=1 plain:b|contains|all=x=y)`},
		{2, `[x, 5]`, `all(keyword:=x=5)`},
		{2, `x`, `all(keyword:=x)`},
		{2, `{'|re': x, '': y}`, `all(keyword:|re=x keyword:=y)`},
		{2, `[x, {a: 1}, [y, z]]`, `any(all(keyword:=x) all(plain:a=1) all(keyword:=y=z))`},
		{2, `{'f[any].g': 1, .: 2, ' b ': 3}`, `all(plain:f[any].g=1 plain:.=2 plain: b =3)`},
		{3, `{'f[0]': 1, 'a.f[-1][2].g|re': x}`, `all(indexed:f[0]=1 indexed:a.f[-1][2].g|re=x)`},
		{3, `{'a\[0\].b': 1, 'a\[x\].f[1]': 2, 'a\b': 3}`, `all(plain:a[0].b=1 indexed:a\[x\].f[1]=2 plain:a\b=3)`},
		{3, `{'f[any]|re': [x, y]}`, `all(block0(plain:f => all(self:.|re=x=y)))`},
		{3, `{'f[all]': {a: 1, .: 2}}`, `all(block1(plain:f => all(plain:a=1 self:.=2)))`},
		{3, `{'a.b[0].f[all_or_empty].x.y|gt': 1}`, `all(block2(indexed:a.b[0].f => all(plain:x.y|gt=1)))`},
		{3, `{'f[none].g[any]': 1}`, `all(block3(plain:f => all(block0(plain:g => all(self:.=1)))))`},
		{3, `{'f[any].g[0]': 1}`, `all(block0(plain:f => all(indexed:g[0]=1)))`},
		{3, `{'f[1]': {a: 1}}`, `all(block4(indexed:f[1] => all(plain:a=1)))`},
		{3, `{'f[1]': {condition: s, s: x}}`, `all(block4(indexed:f[1] => s:all(keyword:=x) if s))`},
		{3, `{'a\[\].f[any]': {condition: not s, s: {.: 1}}}`, `all(block0(plain:a[].f => s:all(self:.=1) if not s))`},
	} {
		src := fmt.Sprintf("title: t\nsigma-version: %d\nlogsource: {category: t}\ndetection:\n  s: %s\n  condition: s\n", c.version, c.detection)
		docs, log := parse(t, src)
		if log.Errors() > 0 {
			t.Errorf("%s: %v", c.detection, log.All())
			continue
		}
		if got := describe(docs[0].Rule.Detections[0].Body); got != c.want {
			t.Errorf("%s = %s, want %s", c.detection, got, c.want)
		}
	}
}

func TestModifiersHavePositionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	docs, _ := parse(t, "title: t\nlogsource: {category: t}\ndetection:\n  s:\n    field|contains|all: [a, b]\n  condition: s\n")
	it := docs[0].Rule.Detections[0].Body.Nodes[0].(*sigma.Item)
	if a, b := it.Modifiers[0].Pos, it.Modifiers[1].Pos; a.Line != 5 || a.Col != 11 || b.Col != 20 {
		t.Errorf("positions = %v, %v", a, b)
	}
}
