# Sourced by the measuring scripts: copies the repository and compiles rules into the copy, so that generated code can be measured
# and the checkout stays as it is. BENCH_RULES is a rules directory, or a .tar.gz with one named "rules" inside; without it the
# shared corpus is used where it lies beside the repository, and else the repository's own rules. Sets repo, corpus, work, rules and
# changes into the copy.
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
corpus=$repo/../shared/corpus
if [ -z "${BENCH_RULES:-}" ]; then
	BENCH_RULES=$repo/rules
	[ -d "$corpus" ] && BENCH_RULES=$corpus/sigmahq-rules.tar.gz
fi
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
