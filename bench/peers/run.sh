#!/usr/bin/env bash
# Runs the reference engine beside ours: the same rules over the same events, one after the other. The reference is installed with
# "cargo install --locked rsigma --version 0.21.0 --all-features". BENCH_RULES: see ../generated.sh; the arguments are event files
# and directories, without any the lanes of the shared corpus and its Windows sample.
set -euo pipefail
source "$(dirname "$0")/../generated.sh"
command -v rsigma >/dev/null || { echo 'rsigma is not installed: cargo install --locked rsigma --version 0.21.0 --all-features'; exit 3; }
if [ $# = 0 ]; then
	set -- "$corpus"/lanes/*.gz "$corpus"/windows-sample.ndjson.gz "$corpus"/linux.ndjson.gz "$corpus"/cloud.ndjson.gz
fi
make --no-print-directory build >&2
go run ./bench/peers -rules "$rules" -ours bin/rsigmad "$@"
