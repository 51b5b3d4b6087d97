#!/usr/bin/env bash
# What looking into a program costs: a table with a row for each way to do that, off and on. benches/inspection.sh [ROUNDS]
#
# Times are CPU time, off and on in turn, medians; the ratio is the median of those within a round. Instructions are counted by
# valgrind, where it is found: they are the same however busy the machine is.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds="${1:-9}"
target="${CARGO_TARGET_DIR:-target}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# binary NAME OPTION…: builds the peer with these options.
binary() {
    cargo build --quiet --locked --profile peer --example peer "${@:2}"
    cp "$target/peer/examples/peer" "$work/$1"
}

# instructions BINARY CASE STATE MANY: of one thing that the case does, without what it takes to begin.
instructions() {
    command -v valgrind >/dev/null || { echo "–"; return; }
    local few=20 more=220 counted=()
    for repeats in $few $more; do
        counted+=("$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/$1" inspection "$2" "$3" $repeats 2>&1 \
            | sed -n 's/.*Collected : \([0-9]*\).*/\1/p')")
    done
    awk -v few="${counted[0]}" -v more="${counted[1]}" -v things="$(((more - few) * $4))" 'BEGIN { printf "%.0f", (more - few) / things }'
}

# field NAME LINE: of a line of JSON.
field() {
    sed -n "s/.*\"$1\": \"\{0,1\}\([^,\"}]*\).*/\1/p" <<<"$2"
}

binary plain
binary tracing --features tracing

echo "| way | per | ns off | ns on | ratio | instructions off | on |"
echo "|---|---|---|---|---|---|---|"
"$work/tracing" inspection "$rounds" >"$work/spans"
"$work/plain" inspection "$rounds" >"$work/times"
grep '"tracing"' "$work/spans" >>"$work/times"
while read -r line; do
    name="$(field case "$line")"
    which=plain
    if [ "$name" = tracing ]; then which=tracing; fi
    many="$("$work/$which" inspection | sed -n "s/^$name //p")"
    echo "| $name | $(field per "$line") | $(field off_ns "$line") | $(field on_ns "$line") | $(field ratio "$line")" \
        "| $(instructions "$which" "$name" off "$many") | $(instructions "$which" "$name" on "$many") |"
done <"$work/times"
# What the feature costs where nobody has subscribed: the same step in two programs.
echo "| tracing, built in and not subscribed to | step | | | | $(instructions plain debug off 1000) | $(instructions tracing tracing off 1000) |"
