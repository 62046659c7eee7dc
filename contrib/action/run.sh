#!/usr/bin/env bash
# What the action runs: check, generate --check, test and diff. Each one runs whatever the others found; the status is the worst of them.
# Variables: RSIGMAC, and the inputs of action.yml. RSIGMAC and PIPELINES are lists, separated by spaces.
set -o pipefail

worst=0
step() {
	echo "== $*" >&2
	"$@"
	local status=$?
	if [ "$status" -gt "$worst" ]; then worst=$status; fi
}

read -r -a rsigmac <<<"${RSIGMAC:-rsigmac}"
read -r -a names <<<"${PIPELINES:-}"
rules=(-r "${RULES:-rules}")
pipelines=()
for name in "${names[@]}"; do pipelines+=(-p "$name"); done
strict=()
if [ "${STRICT:-true}" = true ]; then strict=(--strict); fi

step "${rsigmac[@]}" check "${rules[@]}" "${pipelines[@]}" "${strict[@]}"
if [ -n "${GENERATED:-}" ]; then
	step "${rsigmac[@]}" generate --check "${rules[@]}" "${pipelines[@]}" -o "$GENERATED"
fi
if [ -n "${TESTS:-}" ]; then
	step "${rsigmac[@]}" test "$TESTS" --engine "${ENGINE:-both}"
fi
if [ -n "${BASE:-}" ]; then
	summary=$(mktemp)
	step "${rsigmac[@]}" diff --git "$BASE" "${RULES:-rules}" "${pipelines[@]}" --format markdown --fail-on "${FAIL_ON:-none}" >"$summary"
	tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}" <"$summary"
	rm -f "$summary"
fi
exit "$worst"
