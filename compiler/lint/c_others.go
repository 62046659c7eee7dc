package lint

var filterForAll = Check{Code: "filter-for-all", Severity: Info, Doc: "A filter applies to every rule that is loaded with it.",
	one: func(p *pass, s *subject) {
		if s.Filter != nil && s.Filter.Any {
			p.report(s.pair("filter").KeyPos, nil, "name the rules", "the filter applies to every rule")
		}
	}}

var noGroupBy = Check{Code: "correlation-without-group-by", Severity: Info, Doc: "A correlation has no group-by, so it counts the events of all hosts and users together.",
	one: func(p *pass, s *subject) {
		if s.Correlation != nil && len(s.Correlation.GroupBy) == 0 {
			p.report(s.pair("correlation").KeyPos, nil, "", "correlation without group-by")
		}
	}}
