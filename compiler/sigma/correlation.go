package sigma

import "github.com/rsigma-go/rsigma/compiler/condition"

// Correlation is a correlation document (section 14).
type Correlation struct {
	Header
	Type         string
	Rules        []string // references as written
	GroupBy      []string
	Timespan     int64  // seconds
	Window       string // sliding, tumbling or session
	Gap          int64  // seconds; session only
	Generate     bool
	Aliases      []Alias
	Thresholds   []Threshold
	Fields       []string // condition key "field"
	Percentile   float64
	Extended     condition.Expr // temporal types with a condition text; nil otherwise
	ExtendedText string
}

// Alias maps a group-by name to a field for each reference.
type Alias struct {
	Name   string
	Fields []AliasField
}

// AliasField names the field that an alias stands for in events that fed the correlation through Reference.
type AliasField struct{ Reference, Field string }

// Threshold is one operator of a correlation condition.
type Threshold struct {
	Op    string // gt gte lt lte eq neq
	Value float64
}
