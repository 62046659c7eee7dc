#!/usr/bin/env bash
# Measures the detector, see lanes_bench_test.go. BENCH_RULES: see generated.sh. BENCH_EVENTS are event files and directories
# separated by colons; without them the shared corpus is used where it lies beside the repository, and else the examples.
set -euo pipefail
source "$(dirname "$0")/generated.sh"
if [ -z "${BENCH_EVENTS:-}" ]; then
	BENCH_EVENTS=$repo/examples
	[ -d "$corpus" ] && BENCH_EVENTS=$corpus/windows.ndjson.gz:$corpus/windows-sample.ndjson.gz:$corpus/linux.ndjson.gz:$corpus/cloud.ndjson.gz:$corpus/lanes
fi
: "${BENCH_TIME:=30000x}" "${BENCH_COUNT:=1}"
RSIGMA_BENCH_RULES=$rules RSIGMA_BENCH_EVENTS=$BENCH_EVENTS \
	go test ./bench -run '^$' -bench "${BENCH_FILTER:-.}" -benchtime "$BENCH_TIME" -count "$BENCH_COUNT" -timeout 60m | tee "$work/out"
go run ./bench/ratios < "$work/out"
