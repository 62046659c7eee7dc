package rtlib

import "testing"

func TestReferences(t *testing.T) {
	t.Parallel()
	eq, cased := pred(RefEqualFold, "g"), pred(RefEqual, "g")
	runHolds(t, []holds{
		{eq, `{"f":"Host1","g":"HOST1"}`, true}, {cased, `{"f":"Host1","g":"HOST1"}`, false}, {cased, `{"f":"x","g":"x"}`, true},
		{eq, `{"f":"Host1"}`, false}, {eq, `{"g":"Host1"}`, false}, {eq, `{}`, false},
		{eq, `{"f":5,"g":"5"}`, true}, {eq, `{"f":true,"g":"TRUE"}`, true}, {eq, `{"f":5,"g":6}`, false},
		{eq, `{"f":null,"g":null}`, true}, {eq, `{"f":null}`, false}, {eq, `{"f":[1,null],"g":null}`, true},
		{pred(RefContains, "g"), `{"f":null,"g":null}`, false},
		{eq, `{"f":{"a":1},"g":{"a":1}}`, false}, {eq, `{"f":[{"a":1}],"g":[{"a":1}]}`, false},
		{eq, `{"f":[1,2],"g":[3,[2]]}`, true}, {eq, `{"f":[1,2],"g":[3]}`, false}, {eq, `{"f":[],"g":[]}`, false},
		{eq, `{"f":"abc","g":"a*"}`, false},
		{pred(RefPrefixFold, "g"), `{"f":"C:\\Dir","g":"c:\\"}`, true}, {pred(RefPrefix, "g"), `{"f":"C:\\Dir","g":"c:\\"}`, false},
		{pred(RefSuffixFold, "g"), `{"f":"x.exe","g":".EXE"}`, true}, {pred(RefSuffix, "g"), `{"f":"x.exe","g":".com"}`, false},
		{pred(RefContainsFold, "g"), `{"f":"xDirx","g":"dir"}`, true}, {pred(RefContains, "g"), `{"f":"xDirx","g":"dir"}`, false},
		{pred(RefEqualFold, "x.y", "z"), `{"f":1,"x":{"y":1}}`, true}, {pred(RefEqualFold, "x.y", "z"), `{"f":1,"z":2}`, false},
	})
}
