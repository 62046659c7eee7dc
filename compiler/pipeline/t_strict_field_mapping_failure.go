package pipeline

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// strictFieldMappingFailure rejects a rule with fields that no renaming has named so far (section 7.19). Names inside array
// selectors are relative to a member and exempt.
type strictFieldMappingFailure struct{}

func readStrictFieldMappingFailure(*params, *Item) transformation { return strictFieldMappingFailure{} }

func (strictFieldMappingFailure) applyRule(r *run) error {
	var unmapped []string
	r.fieldItems(func(name string, _ *sigma.Item, scoped bool) {
		if !scoped && !r.mappings.knows(name) && !slices.Contains(unmapped, name) {
			unmapped = append(unmapped, name)
		}
	})
	if len(unmapped) == 0 {
		return nil
	}
	slices.Sort(unmapped)
	return fail(CodeUnmappedFields, "The following fields are not mapped: %s", strings.Join(unmapped, ", "))
}
