package diag

import "slices"

// Info describes a registered code: the severity it is reported with and one sentence for the reference documentation.
type Info struct {
	Code     Code
	Severity Severity
	Doc      string
}

// Registered returns all codes in the order of the reference documentation, which follows the stages of the compiler. The
// slice is the caller's own.
func Registered() []Info { return slices.Clone(registry) }

// registry holds every Code constant exactly once; a test compares it with the constants.
var registry = []Info{
	{CodeUnreadableFile, SeverityError, "A file or directory could not be opened or read."},
	{CodeFileTooLarge, SeverityError, "A file is larger than 4 MiB and was not read."},
	{CodeInvalidUTF8, SeverityError, "A file holds bytes that are not UTF-8; nothing of it was read."},
	{CodeInvalidYAML, SeverityError, "The YAML reader could not make sense of the text; the rest of the file is lost."},
	{CodeDuplicateKey, SeverityError, "A mapping holds the same key twice, and only one of the values could take effect."},
	{CodeUnsupportedKey, SeverityError, "A mapping key is null, a list or a mapping; only scalars can be keys."},
	{CodeTooManyKeys, SeverityError, "A mapping has more than 4,096 keys."},
	{CodeTooManyNodes, SeverityError, "A YAML document has more than 1,000,000 nodes once its aliases are followed."},
	{CodeTooDeep, SeverityError, "A YAML document is nested more than 64 levels deep."},
	{CodeAliasCycle, SeverityError, "An alias stands inside the value that it refers to."},

	{CodeNotAMapping, SeverityError, "A document is a scalar or a list, so it cannot be a rule."},
	{CodeUnknownAction, SeverityError, "A collection action is not one of global, reset and repeat."},
	{CodeRepeatWithoutAPreviousDocument, SeverityError, "The collection action repeat has no document before it in its file."},
	{CodeMissingTitle, SeverityError, "A document has no title, or its title is not a string."},
	{CodeTitleTooLong, SeverityWarning, "A title is longer than 256 characters."},
	{CodeMissingLogsource, SeverityWarning, "A rule has no logsource, so it is treated as applying to every event."},
	{CodeLogsourceMustBeAMapping, SeverityError, "The attribute logsource is a scalar or a list."},
	{CodeInvalidLogsourceValue, SeverityWarning, "A value of logsource is not a string and is ignored."},
	{CodeUnsupportedSigmaVersion, SeverityError, "A rule asks for a version of the Sigma language above 3."},
	{CodeInvalidSigmaVersion, SeverityWarning, "The attribute sigma-version cannot be read and counts as 2."},
	{CodeInvalidID, SeverityWarning, "An id is not a UUID; it is kept as text."},
	{CodeDuplicateID, SeverityWarning, "Two loaded rules have the same id; references reach both."},
	{CodeInvalidName, SeverityWarning, "A name is empty or not a string and is ignored."},
	{CodeDuplicateName, SeverityWarning, "Two loaded rules have the same name; references reach both."},
	{CodeInvalidStatus, SeverityWarning, "A status is not one of the defined ones and is ignored."},
	{CodeInvalidLevel, SeverityWarning, "A level is not one of the defined ones and is ignored."},
	{CodeInvalidDate, SeverityWarning, "A date is not of the form YYYY-MM-DD."},
	{CodeInvalidRelated, SeverityWarning, "An entry of related is not usable and is dropped."},
	{CodeInvalidTag, SeverityWarning, "A tag is not of the form namespace.name in lower case."},
	{CodeInvalidAttribute, SeverityWarning, "An attribute has a value of the wrong kind or out of range and is ignored."},
	{CodeUnknownAttribute, SeverityWarning, "An attribute named rsigma.* has no meaning."},
	{CodeNoEffect, SeverityWarning, "An attribute is valid but cannot have an effect where it stands."},

	{CodeMissingDetection, SeverityError, "A detection rule has no detection."},
	{CodeDetectionMustBeAMapping, SeverityError, "The attribute detection is a scalar or a list."},
	{CodeNoDetections, SeverityError, "A detection holds no search identifier beside its condition."},
	{CodeEmptyDetection, SeverityError, "A search identifier is null, or an empty mapping or list."},
	{CodeEmptyValueList, SeverityError, "The list of values of a field is empty."},
	{CodeUnsupportedValue, SeverityError, "A value is of a kind that cannot be compared with a field, such as a mapping or infinity."},
	{CodeValueType, SeverityError, "A value has the wrong type for the modifier or attribute it belongs to."},
	{CodeNullInAValueList, SeverityWarning, "A null stands in a list of values, where it rarely means what its author wants."},
	{CodeTimeframe, SeverityWarning, "The attribute timeframe of a detection is ignored; a correlation rule takes its place."},
	{CodeArraySelector, SeverityError, "A key selects members of an array in a way that is not valid."},
	{CodeUnknownModifier, SeverityError, "A field has a modifier that does not exist."},
	{CodeNotAValueModifier, SeverityError, "A modifier exists but cannot be applied to the values of a field."},
	{CodeDuplicateModifier, SeverityError, "A modifier is given twice for a field."},
	{CodeConflictingModifiers, SeverityError, "Two modifiers of a field cannot be combined."},
	{CodeAllRequiresMoreThanOneValue, SeverityError, "The modifier all is given for a single value."},
	{CodeRegexFlag, SeverityError, "A regular expression flag stands without the modifier re, or is not one of i, m and s."},
	{CodeInvalidRegex, SeverityError, "A regular expression has a syntax error or uses a feature that RE2 does not have."},
	{CodeRegexTooLarge, SeverityError, "A regular expression compiles to more than the allowed size."},
	{CodeInvalidCIDR, SeverityError, "A value of the modifier cidr is not a network in CIDR notation."},
	{CodeHostBits, SeverityWarning, "A network has bits set behind its prefix; they are ignored."},
	{CodeExpectedANumber, SeverityError, "A modifier that compares numbers has another value."},
	{CodeExpectedABoolean, SeverityError, "A modifier that needs true or false has another value."},
	{CodeWildcardNotAllowed, SeverityError, "A value holds a wildcard where a modifier cannot honour one."},
	{CodeEscapedWildcard, SeverityWarning, "A value holds an escaped wildcard that probably was meant as a backslash and a wildcard."},
	{CodeNotASCII, SeverityError, "A value that is to be encoded holds characters beyond ASCII."},
	{CodeValueTooShort, SeverityError, "A value is too short for its encoding to say anything about the field."},
	{CodeRequiresAField, SeverityError, "A modifier stands on a keyword but compares a field."},
	{CodeUnhandledPlaceholder, SeverityError, "A placeholder is left after all pipelines have run."},
	{CodeEscapedPlaceholder, SeverityWarning, "A value holds an escaped percent sign that looks like a placeholder."},

	{CodeMissingCondition, SeverityError, "A condition is absent or an empty list."},
	{CodeConditionSyntax, SeverityError, "A condition does not follow the grammar of conditions."},
	{CodeConditionTooLong, SeverityError, "A condition text is longer than 64 KiB."},
	{CodeConditionTooDeep, SeverityError, "A condition is nested more than 64 levels deep."},
	{CodeAggregation, SeverityError, "A condition holds an aggregation expression; a correlation rule takes its place."},
	{CodeUnknownDetection, SeverityError, "A condition names a search identifier that does not exist."},
	{CodeSelectorMatchesNoDetection, SeverityWarning, "A selector of a condition picks no search identifier, so it is never true."},

	{CodeFilterMustBeAMapping, SeverityError, "The attribute filter is a scalar or a list."},
	{CodeEmptyFilter, SeverityError, "A filter holds no search identifier."},
	{CodeFilterConditionMustBeAString, SeverityError, "The condition of a filter is not a single string."},
	{CodeFilterWithoutRules, SeverityWarning, "A filter does not say which rules it applies to, so it applies to all."},
	{CodeFilterMatchesNoRule, SeverityWarning, "No loaded rule is hit by a filter."},

	{CodeCorrelationMustBeAMapping, SeverityError, "The attribute correlation is a scalar or a list."},
	{CodeMissingCorrelationType, SeverityError, "A correlation has no type."},
	{CodeUnknownCorrelationType, SeverityError, "A correlation has a type that does not exist."},
	{CodeMissingTimespan, SeverityError, "A correlation has no timespan."},
	{CodeInvalidTimespan, SeverityError, "A timespan or gap is not a positive number followed by one of s, m, h, d, w, M and y."},
	{CodeMissingRules, SeverityError, "A correlation names no rules, or its rules are not strings."},
	{CodeUnknownRule, SeverityError, "A correlation refers to a rule that is not loaded."},
	{CodeRequiresACondition, SeverityError, "A correlation of this type must have a condition."},
	{CodeConditionMustBeAMappingOrString, SeverityError, "The condition of a correlation is a list or a scalar other than a string."},
	{CodeMissingConditionOperator, SeverityError, "The condition of a correlation has none of gt, gte, lt, lte, eq and neq."},
	{CodeUnknownConditionKey, SeverityWarning, "The condition of a correlation has a key without meaning."},
	{CodeInvalidThreshold, SeverityError, "An operator of a correlation condition has a value that cannot be compared with its result."},
	{CodeInvalidPercentile, SeverityError, "A percentile is not a number."},
	{CodeMissingField, SeverityError, "A correlation over values does not name the field, or not as a string."},
	{CodeSingleField, SeverityError, "A correlation over numbers names more than one field."},
	{CodeExtendedCondition, SeverityError, "A condition text stands in a correlation that cannot have one, or names rules it does not declare."},
	{CodeAliasesMustBeAMapping, SeverityError, "The attribute aliases is a scalar or a list, or an alias in it is."},
	{CodeUnknownWindowMode, SeverityError, "A window mode is not one of sliding, tumbling and session."},
	{CodeRequiresAGap, SeverityError, "A session window has no gap."},
	{CodeGapIsOnlyValid, SeverityError, "A gap is given for a window that is not a session."},
	{CodeCorrelationCycle, SeverityError, "Correlations refer to each other in a circle."},
	{CodeChainTooDeep, SeverityWarning, "A correlation stands more than 10 levels above the first and is not fed."},
	{CodeEngineDefault, SeverityWarning, "An attribute of a detection rule is a default for all correlations."},
}
