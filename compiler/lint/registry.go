package lint

// registry holds every check once, in the order of the reference documentation: metadata, log source, detections, conditions, values,
// modifiers, other documents. Codes are never reused; none is a code of the compiler.
var registry = []Check{
	longTitle, titleCase, titleEndsWithDot, titleStartsWithDetects, duplicateTitle,
	missingID, idCase, uuidVersion, selfRelated, danglingRelated,
	missingStatus, missingLevel, missingDescription, missingAuthor, missingDate, missingReferences, missingTags, missingFalsePositives,
	shortDescription, descriptionIsTitle, descriptionStart, descriptionLink,
	dateFormat, modifiedBeforeDate,
	misspelledKey, unknownKey, emptyAttribute, notAList,
	duplicateReference, branchReference, attackReference,
	tagCase, duplicateTag, unknownTagNamespace, malformedTag, tacticSpelling, techniqueWithoutTactic,
	falsePositiveWord, falsePositiveTypo, falsePositiveCapital,
	filename, duplicateFilename,
	emptyLogsource, logsourceCase, unknownLogsource, logsourceKey, genericCategory, eventIDInCategory,
	unusedDetection, duplicateDetection, duplicateLogic, mixedKeywords, detectionNames, unreachableName,
	allOfThem, oneOfThem, themOfOne, onlyNegation, filterNotNegated, severalConditions,
	wildcardsForModifier, redundantWildcard, doubleWildcard, loneWildcard, doubledBackslashes,
	invisibleCharacter, numberAsString, duplicateValue, subsumedValue, singleItemList, emptyContains, looseEnding,
	allWithoutOperator, encodingAfterOperator, base64OffsetAlone, fieldWithSpace, fieldCase,
	simpleRegex, regexEnds, largeRegex,
	filterForAll, noGroupBy,
}
