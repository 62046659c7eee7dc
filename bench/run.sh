#!/usr/bin/env bash
# Measures the detector, see lanes_bench_test.go. BENCH_RULES is a rules directory or a .tar.gz with one named "rules" inside,
# BENCH_EVENTS event files and directories separated by colons; without them the repository's own rules and examples are used,
# or the shared corpus where it lies beside the repository. The rules are compiled into a copy of the repository, so that
# generated code is measured beside interpreted code in one process and the checkout stays as it is.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd)
corpus=$repo/../shared/corpus
if [ -d "$corpus" ]; then
	: "${BENCH_RULES:=$corpus/sigmahq-rules.tar.gz}"
	: "${BENCH_EVENTS:=$corpus/windows.ndjson.gz:$corpus/windows-sample.ndjson.gz:$corpus/linux.ndjson.gz:$corpus/cloud.ndjson.gz:$corpus/lanes}"
fi
: "${BENCH_RULES:=$repo/rules}" "${BENCH_EVENTS:=$repo/examples}" "${BENCH_TIME:=30000x}" "${BENCH_COUNT:=1}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rules=$BENCH_RULES
if [[ $rules == *.tar.gz ]]; then
	mkdir "$work/unpacked"
	tar xzf "$rules" -C "$work/unpacked"
	rules=$work/unpacked/rules
fi
mkdir "$work/repo"
(cd "$repo" && git ls-files -z | xargs -0 cp --parents -t "$work/repo")
cd "$work/repo"
rm -rf gen/*
go run ./cmd/rsigmac generate --lenient -r "$rules" -o gen
RSIGMA_BENCH_RULES=$rules RSIGMA_BENCH_EVENTS=$BENCH_EVENTS \
	go test ./bench -run '^$' -bench "${BENCH_FILTER:-.}" -benchtime "$BENCH_TIME" -count "$BENCH_COUNT" -timeout 60m | tee "$work/out"
go run ./bench/ratios < "$work/out"
