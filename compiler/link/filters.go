package link

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// applyFilters lists the filters beside the rules that they hit, and warns of filters that hit none.
func (l *linker) applyFilters() {
	for _, d := range l.Docs {
		if d.Filter == nil || d.Failed {
			continue
		}
		hits := 0
		for _, target := range l.Docs {
			if target.Rule == nil || target.Failed || !filterHits(d.Filter, target.Rule) {
				continue
			}
			hits++
			l.Filters[target.Rule] = append(l.Filters[target.Rule], d.Filter)
		}
		if hits == 0 {
			l.warnf(d, attributePos(d, "filter", "rules"), diag.CodeFilterMatchesNoRule, "filter matches no rule")
		}
	}
}

// filterHits reports whether f applies to r: a reference is the id, name or title of r, and every log source dimension that
// f names is equal in r, as written, ignoring case (section 12).
func filterHits(f *sigma.Filter, r *sigma.Rule) bool {
	return sameSource(f.LogSource.Category, r.LogSource.Category) &&
		sameSource(f.LogSource.Product, r.LogSource.Product) &&
		sameSource(f.LogSource.Service, r.LogSource.Service) &&
		(f.Any || namesRule(f.Rules, r))
}

// sameSource compares one dimension; one that the filter does not name fits every rule.
func sameSource(filter, rule string) bool { return filter == "" || strings.EqualFold(filter, rule) }

func namesRule(references []string, r *sigma.Rule) bool {
	for _, reference := range references {
		if reference != "" && (idKey(reference) == idKey(r.ID) || reference == r.Name || reference == r.Title) {
			return true
		}
	}
	return false
}
