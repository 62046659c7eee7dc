package pipeline

import (
	"maps"
	"slices"
)

// transformation is what an item does to a detection rule. It works on the private copies that the run holds. Its error
// fails the rule.
type transformation interface {
	applyRule(r *run) error
}

// correlationTransformation is a transformation that also works on correlations; others leave them alone.
type correlationTransformation interface {
	transformation
	applyCorrelation(r *run) error
}

// kind says which gates a transformation looks at (section 4.1).
type kind uint8

const (
	kindItem kind = iota // rule, detection-item and field-name gate
	kindRule             // rule gate only
)

// entry is a registered transformation: read makes it from its parameters and is called even if some are wrong.
type entry struct {
	kind     kind
	external bool // gets its data from outside
	read     func(a *params, item *Item) transformation
}

// registry holds the transformations by type (section 7).
var registry = map[string]entry{
	"add_condition":                 {kind: kindRule, read: readAddCondition},
	"add_field":                     {kind: kindRule, read: readAddField},
	"case":                          {kind: kindItem, read: readCase},
	"change_logsource":              {kind: kindRule, read: readChangeLogsource},
	"command_placeholders":          {kind: kindItem, external: true, read: readCommandPlaceholders},
	"convert_type":                  {kind: kindItem, read: readConvertType},
	"detection_item_failure":        {kind: kindItem, read: readDetectionItemFailure},
	"drop_detection_item":           {kind: kindItem, read: readDropDetectionItem},
	"extract_fields":                {kind: kindItem, read: readExtractFields},
	"field_name_mapping":            {kind: kindItem, read: readFieldNameMapping},
	"field_name_prefix":             {kind: kindItem, read: readFieldNamePrefix},
	"field_name_prefix_mapping":     {kind: kindItem, read: readFieldNamePrefixMapping},
	"field_name_suffix":             {kind: kindItem, read: readFieldNameSuffix},
	"field_name_transform":          {kind: kindItem, read: readFieldNameTransform},
	"file_placeholders":             {kind: kindItem, external: true, read: readFilePlaceholders},
	"hashes_fields":                 {kind: kindItem, read: readHashesFields},
	"http_placeholders":             {kind: kindItem, external: true, read: readHTTPPlaceholders},
	"map_string":                    {kind: kindItem, read: readMapString},
	"nest":                          {kind: kindItem, read: readNest},
	"query_expression_placeholders": {kind: kindItem, read: readQueryExpressionPlaceholders},
	"regex":                         {kind: kindItem, read: readRegex},
	"remove_field":                  {kind: kindRule, read: readRemoveField},
	"replace_string":                {kind: kindItem, read: readReplaceString},
	"rule_failure":                  {kind: kindRule, read: readRuleFailure},
	"set_custom_attribute":          {kind: kindRule, read: readSetCustomAttribute},
	"set_field":                     {kind: kindRule, read: readSetField},
	"set_state":                     {kind: kindRule, read: readSetState},
	"set_value":                     {kind: kindItem, read: readSetValue},
	"strict_field_mapping_failure":  {kind: kindRule, read: readStrictFieldMappingFailure},
	"value_placeholders":            {kind: kindItem, read: readValuePlaceholders},
	"wildcard_placeholders":         {kind: kindItem, read: readWildcardPlaceholders},
}

// typeAliases are types that other implementations use.
var typeAliases = map[string]string{"case_transformation": "case"}

// Types returns the types of transformation, sorted.
func Types() []string { return slices.Sorted(maps.Keys(registry)) }
