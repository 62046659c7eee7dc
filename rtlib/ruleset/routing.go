package ruleset

import "github.com/rsigma-go/rsigma/rtlib"

// route is the log source of a rule with its values folded.
type route struct{ rtlib.LogSource }

func newRoutes(rules []*rtlib.Rule) []route {
	out := make([]route, len(rules))
	for i, r := range rules {
		out[i] = route{foldLogSource(r.Meta.LogSource)}
	}
	return out
}

func foldLogSource(l rtlib.LogSource) rtlib.LogSource {
	out := rtlib.LogSource{
		Category: rtlib.Fold(l.Category),
		Product:  rtlib.Fold(l.Product),
		Service:  rtlib.Fold(l.Service),
	}
	for _, d := range l.Custom {
		out.Custom = append(out.Custom, rtlib.Dimension{Key: d.Key, Value: rtlib.Fold(d.Value)})
	}
	return out
}

// reaches reports whether rule i may see ev: no dimension that is set on both differs (sigma-language.md section 13).
func (s *Set) reaches(i int, ev *rtlib.Event) bool {
	if s.routes == nil || ev.LogSource.IsZero() {
		return true
	}
	r, l := &s.routes[i].LogSource, &ev.LogSource
	if differ(r.Category, l.Category) || differ(r.Product, l.Product) || differ(r.Service, l.Service) {
		return false
	}
	for _, d := range r.Custom {
		for _, e := range l.Custom {
			if d.Key == e.Key && differ(d.Value, e.Value) {
				return false
			}
		}
	}
	return true
}

// differ compares a folded value of a rule with the value of an event. Unset excludes nothing.
func differ(folded, v string) bool {
	return folded != "" && v != "" && folded != v && folded != rtlib.Fold(v)
}
