package metrics

import (
	"cmp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// merge returns what was gathered and the families that are missing there, sorted by name.
func merge(gathered []*dto.MetricFamily, families []Family) []*dto.MetricFamily {
	known := map[string]bool{}
	for _, f := range gathered {
		known[f.GetName()] = true
	}
	out := slices.Clone(gathered)
	for _, f := range families {
		if !known[f.Name] {
			kind := dto.MetricType(dto.MetricType_value[strings.ToUpper(f.Type)])
			out = append(out, &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: &kind})
		}
	}
	slices.SortFunc(out, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return out
}
