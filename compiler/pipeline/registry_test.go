package pipeline

import (
	"os"
	"testing"
)

func TestEveryTransformationHasItsFile(t *testing.T) {
	t.Parallel()
	types := Types()
	if len(types) != 31 {
		t.Errorf("%d types of transformation, want 31", len(types))
	}
	for _, name := range types {
		if _, err := os.Stat("t_" + name + ".go"); err != nil {
			t.Error(err)
		}
	}
	for alias, name := range typeAliases {
		if _, ok := registry[name]; !ok {
			t.Errorf("%s stands for the unknown type %s", alias, name)
		}
	}
}

func TestBooleansOfOtherImplementationsAreConverted(t *testing.T) {
	t.Parallel()
	checkRule(t, "s: {A: ['true', 'False', x, 1]}\ncondition: s", "- {type: convert_type, target_type: boolean}", "s: A: true | false | 'x' | 1\n= s")
}

func TestExpansionsMustBeNumbersAsAWhole(t *testing.T) {
	t.Parallel()
	checkFailure(t, "s: {A|base64offset: foobar}\ncondition: s", "- {type: convert_type, target_type: num}", "can't be converted to number")
}
