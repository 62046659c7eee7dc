package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// Faults of a pipeline document: the pipeline is not loaded.
const (
	CodeNotFound          diag.Code = "pipeline-not-found"
	CodeNotAMapping       diag.Code = "pipeline-not-a-mapping"
	CodeNotAList          diag.Code = "pipeline-not-a-list"
	CodeUnknownKeys       diag.Code = "pipeline-unknown-keys"
	CodeInlineSources     diag.Code = "pipeline-inline-sources"
	CodePriority          diag.Code = "pipeline-priority"
	CodeMissingType       diag.Code = "pipeline-missing-type"
	CodeUnknownType       diag.Code = "pipeline-unknown-type"
	CodeUnknownParameter  diag.Code = "pipeline-unknown-parameter"
	CodeMissingParameter  diag.Code = "pipeline-missing-parameter"
	CodeInvalidValue      diag.Code = "pipeline-invalid-value"
	CodeGate              diag.Code = "pipeline-gate"
	CodeInvalidRegex      diag.Code = "pipeline-invalid-regex"
	CodeTooDeep           diag.Code = "pipeline-too-deep"
	CodeUnknownSource     diag.Code = "pipeline-unknown-source"
	CodeSourceReference   diag.Code = "pipeline-source-reference"
	CodeInclude           diag.Code = "pipeline-include"
	CodeBackendNotAllowed diag.Code = "pipeline-backend"
)

// Faults of one rule under a pipeline: only that rule is rejected.
const (
	CodeRuleFailure     diag.Code = "pipeline-rule-failure"
	CodeUnmappedFields  diag.Code = "pipeline-unmapped-fields"
	CodePlaceholder     diag.Code = "pipeline-placeholder"
	CodeExternalSource  diag.Code = "pipeline-external-source"
	CodeQueryExpression diag.Code = "pipeline-query-expression"
	CodeConversion      diag.Code = "pipeline-conversion"
	CodeNoValidHash     diag.Code = "pipeline-no-valid-hash"
	CodeManyFields      diag.Code = "pipeline-many-fields"
	CodeDetectionExists diag.Code = "pipeline-detection-exists"
	CodeAddedCondition  diag.Code = "pipeline-added-condition"
	CodeEmptyCondition  diag.Code = "pipeline-empty-condition"
	CodeRuleAttribute   diag.Code = "pipeline-rule-attribute"
	CodeFailedReference diag.Code = "pipeline-failed-reference"
	CodeTooLarge        diag.Code = "pipeline-too-large"
)

// Warnings.
const (
	CodeCompatibility diag.Code = "pipeline-compatibility"
	CodeNoEffect      diag.Code = "pipeline-no-effect"
	CodeQueryStages   diag.Code = "pipeline-query-stages"
	CodeTemplatePart  diag.Code = "pipeline-template-part"
	CodeEmptySource   diag.Code = "pipeline-empty-source"
	CodeBackend       diag.Code = "pipeline-other-backend"
	CodeTwoShapes     diag.Code = "pipeline-two-shapes"
)

// Codes returns the codes that this package reports, in the order of the reference documentation. The slice is the caller's
// own.
func Codes() []diag.Info { return slices.Clone(codes) }

var codes = []diag.Info{
	{Code: CodeNotFound, Severity: diag.SeverityError, Doc: "A pipeline is neither a built-in one nor a file or directory."},
	{Code: CodeNotAMapping, Severity: diag.SeverityError, Doc: "A pipeline, an item or a condition of it must be a mapping and is not."},
	{Code: CodeNotAList, Severity: diag.SeverityError, Doc: "A part of a pipeline must be a list and is not."},
	{Code: CodeUnknownKeys, Severity: diag.SeverityError, Doc: "A pipeline has top-level keys that do not exist."},
	{Code: CodeInlineSources, Severity: diag.SeverityError, Doc: "A pipeline declares dynamic sources, which belong into files of their own."},
	{Code: CodePriority, Severity: diag.SeverityError, Doc: "The priority of a pipeline is not an integer."},
	{Code: CodeMissingType, Severity: diag.SeverityError, Doc: "An item or a condition of a pipeline has no type."},
	{Code: CodeUnknownType, Severity: diag.SeverityError, Doc: "An item or a condition of a pipeline has a type that does not exist where it stands."},
	{Code: CodeUnknownParameter, Severity: diag.SeverityError, Doc: "A transformation or condition has a parameter that it does not know."},
	{Code: CodeMissingParameter, Severity: diag.SeverityError, Doc: "A transformation or condition lacks a parameter that it needs."},
	{Code: CodeInvalidValue, Severity: diag.SeverityError, Doc: "A parameter of a pipeline has a value that it cannot have."},
	{Code: CodeGate, Severity: diag.SeverityError, Doc: "The conditions of a pipeline item cannot be joined as written."},
	{Code: CodeInvalidRegex, Severity: diag.SeverityError, Doc: "A regular expression of a pipeline does not compile or uses a construct that RE2 does not have."},
	{Code: CodeTooDeep, Severity: diag.SeverityError, Doc: "Items of a pipeline are nested more than 16 levels deep."},
	{Code: CodeUnknownSource, Severity: diag.SeverityError, Doc: "A pipeline refers to a dynamic source, or a part of one, that does not exist."},
	{Code: CodeSourceReference, Severity: diag.SeverityError, Doc: "A reference to a dynamic source stands outside vars and include."},
	{Code: CodeInclude, Severity: diag.SeverityError, Doc: "An include of a pipeline is not allowed or yields no items."},
	{Code: CodeBackendNotAllowed, Severity: diag.SeverityError, Doc: "A pipeline is meant for other backends, and strictness about it was asked for."},
	{Code: CodeRuleFailure, Severity: diag.SeverityError, Doc: "A failure transformation rejected the rule."},
	{Code: CodeUnmappedFields, Severity: diag.SeverityError, Doc: "A strict pipeline found fields that nothing maps."},
	{Code: CodePlaceholder, Severity: diag.SeverityError, Doc: "A placeholder of the rule has no usable value."},
	{Code: CodeExternalSource, Severity: diag.SeverityError, Doc: "A pipeline item needs data from outside, which is not allowed or failed."},
	{Code: CodeQueryExpression, Severity: diag.SeverityError, Doc: "A pipeline item would put a query expression into the rule."},
	{Code: CodeConversion, Severity: diag.SeverityError, Doc: "A value of the rule is no number."},
	{Code: CodeNoValidHash, Severity: diag.SeverityError, Doc: "No value of a hash field is of a valid algorithm."},
	{Code: CodeManyFields, Severity: diag.SeverityError, Doc: "A mapping gives several fields where a correlation can have only one."},
	{Code: CodeDetectionExists, Severity: diag.SeverityError, Doc: "A pipeline item adds a condition under a name that the rule already uses."},
	{Code: CodeAddedCondition, Severity: diag.SeverityError, Doc: "A condition that a pipeline item adds is not valid for the rule."},
	{Code: CodeEmptyCondition, Severity: diag.SeverityError, Doc: "The pipelines removed everything that the condition of the rule looks at."},
	{Code: CodeRuleAttribute, Severity: diag.SeverityError, Doc: "A condition compares an attribute of the rule in a way that has no meaning."},
	{Code: CodeFailedReference, Severity: diag.SeverityError, Doc: "A correlation refers to a rule that a pipeline rejected."},
	{Code: CodeTooLarge, Severity: diag.SeverityError, Doc: "Pipelines made a rule grow beyond all reason."},
	{Code: CodeCompatibility, Severity: diag.SeverityWarning, Doc: "A pipeline uses a spelling that only some implementations know."},
	{Code: CodeNoEffect, Severity: diag.SeverityWarning, Doc: "A part of a pipeline is valid but cannot have an effect where it stands."},
	{Code: CodeQueryStages, Severity: diag.SeverityWarning, Doc: "A pipeline has stages that only query backends run."},
	{Code: CodeTemplatePart, Severity: diag.SeverityWarning, Doc: "A template uses a part of the log source that the rule does not have."},
	{Code: CodeEmptySource, Severity: diag.SeverityWarning, Doc: "A dynamic source yields an empty list, so that values made of it match nothing."},
	{Code: CodeBackend, Severity: diag.SeverityWarning, Doc: "A pipeline is meant for other backends."},
	{Code: CodeTwoShapes, Severity: diag.SeverityWarning, Doc: "Two built-in pipelines for different shapes of event are loaded together."},
}
