package diag

// Code is the stable name of a kind of finding, in kebab case. A code is registered once and never reused. Where
// sigma-language.md section 17 fixes a phrase, the code is that phrase with hyphens for blanks.
type Code string

// Reading files and YAML.
const (
	CodeUnreadableFile Code = "unreadable-file"
	CodeFileTooLarge   Code = "file-too-large"
	CodeInvalidUTF8    Code = "invalid-utf-8"
	CodeInvalidYAML    Code = "invalid-yaml"
	CodeDuplicateKey   Code = "duplicate-key"
	CodeUnsupportedKey Code = "unsupported-key"
	CodeTooManyKeys    Code = "too-many-keys"
	CodeTooManyNodes   Code = "too-many-nodes"
	CodeTooDeep        Code = "too-deep"
	CodeAliasCycle     Code = "alias-cycle"
)

// Documents and attributes.
const (
	CodeNotAMapping                    Code = "not-a-mapping"
	CodeUnknownAction                  Code = "unknown-action"
	CodeRepeatWithoutAPreviousDocument Code = "repeat-without-a-previous-document"
	CodeMissingTitle                   Code = "missing-title"
	CodeTitleTooLong                   Code = "title-too-long"
	CodeMissingLogsource               Code = "missing-logsource"
	CodeLogsourceMustBeAMapping        Code = "logsource-must-be-a-mapping"
	CodeInvalidLogsourceValue          Code = "invalid-logsource-value"
	CodeUnsupportedSigmaVersion        Code = "unsupported-sigma-version"
	CodeInvalidSigmaVersion            Code = "invalid-sigma-version"
	CodeInvalidID                      Code = "invalid-id"
	CodeDuplicateID                    Code = "duplicate-id"
	CodeInvalidName                    Code = "invalid-name"
	CodeDuplicateName                  Code = "duplicate-name"
	CodeInvalidStatus                  Code = "invalid-status"
	CodeInvalidLevel                   Code = "invalid-level"
	CodeInvalidDate                    Code = "invalid-date"
	CodeInvalidRelated                 Code = "invalid-related"
	CodeInvalidTag                     Code = "invalid-tag"
	CodeInvalidAttribute               Code = "invalid-attribute"
	CodeUnknownAttribute               Code = "unknown-attribute"
	CodeNoEffect                       Code = "no-effect"
)

// Detections, modifiers and values.
const (
	CodeMissingDetection            Code = "missing-detection"
	CodeDetectionMustBeAMapping     Code = "detection-must-be-a-mapping"
	CodeNoDetections                Code = "no-detections"
	CodeEmptyDetection              Code = "empty-detection"
	CodeEmptyValueList              Code = "empty-value-list"
	CodeTooManyItems                Code = "too-many-items"
	CodeUnsupportedValue            Code = "unsupported-value"
	CodeValueType                   Code = "value-type"
	CodeNullInAValueList            Code = "null-in-a-value-list"
	CodeTimeframe                   Code = "timeframe"
	CodeArraySelector               Code = "array-selector"
	CodeUnknownModifier             Code = "unknown-modifier"
	CodeNotAValueModifier           Code = "not-a-value-modifier"
	CodeDuplicateModifier           Code = "duplicate-modifier"
	CodeConflictingModifiers        Code = "conflicting-modifiers"
	CodeAllRequiresMoreThanOneValue Code = "all-requires-more-than-one-value"
	CodeRegexFlag                   Code = "regex-flag"
	CodeInvalidRegex                Code = "invalid-regex"
	CodeRegexTooLarge               Code = "regex-too-large"
	CodeInvalidCIDR                 Code = "invalid-cidr"
	CodeHostBits                    Code = "host-bits"
	CodeExpectedANumber             Code = "expected-a-number"
	CodeExpectedABoolean            Code = "expected-a-boolean"
	CodeWildcardNotAllowed          Code = "wildcard-not-allowed"
	CodeEscapedWildcard             Code = "escaped-wildcard"
	CodeNotASCII                    Code = "not-ascii"
	CodeValueTooShort               Code = "value-too-short"
	CodeRequiresAField              Code = "requires-a-field"
	CodeUnhandledPlaceholder        Code = "unhandled-placeholder"
	CodeEscapedPlaceholder          Code = "escaped-placeholder"
)

// Conditions.
const (
	CodeMissingCondition           Code = "missing-condition"
	CodeConditionSyntax            Code = "condition-syntax"
	CodeConditionTooLong           Code = "condition-too-long"
	CodeConditionTooDeep           Code = "condition-too-deep"
	CodeAggregation                Code = "aggregation"
	CodeUnknownDetection           Code = "unknown-detection"
	CodeSelectorMatchesNoDetection Code = "selector-matches-no-detection"
)

// Filters.
const (
	CodeFilterMustBeAMapping         Code = "filter-must-be-a-mapping"
	CodeEmptyFilter                  Code = "empty-filter"
	CodeFilterConditionMustBeAString Code = "filter-condition-must-be-a-string"
	CodeFilterWithoutRules           Code = "filter-without-rules"
	CodeFilterMatchesNoRule          Code = "filter-matches-no-rule"
)

// Correlations.
const (
	CodeCorrelationMustBeAMapping       Code = "correlation-must-be-a-mapping"
	CodeMissingCorrelationType          Code = "missing-correlation-type"
	CodeUnknownCorrelationType          Code = "unknown-correlation-type"
	CodeMissingTimespan                 Code = "missing-timespan"
	CodeInvalidTimespan                 Code = "invalid-timespan"
	CodeMissingRules                    Code = "missing-rules"
	CodeUnknownRule                     Code = "unknown-rule"
	CodeRequiresACondition              Code = "requires-a-condition"
	CodeConditionMustBeAMappingOrString Code = "condition-must-be-a-mapping-or-string"
	CodeMissingConditionOperator        Code = "missing-condition-operator"
	CodeUnknownConditionKey             Code = "unknown-condition-key"
	CodeInvalidThreshold                Code = "invalid-threshold"
	CodeInvalidPercentile               Code = "invalid-percentile"
	CodeMissingField                    Code = "missing-field"
	CodeSingleField                     Code = "single-field"
	CodeExtendedCondition               Code = "extended-condition"
	CodeAliasesMustBeAMapping           Code = "aliases-must-be-a-mapping"
	CodeUnknownWindowMode               Code = "unknown-window-mode"
	CodeRequiresAGap                    Code = "requires-a-gap"
	CodeGapIsOnlyValid                  Code = "gap-is-only-valid"
	CodeCorrelationCycle                Code = "correlation-cycle"
	CodeChainTooDeep                    Code = "chain-too-deep"
	CodeEngineDefault                   Code = "engine-default"
)
