#!/usr/bin/env bash
# Builds the fuzzers and runs each for its share of SECONDS, starting from its corpus in
# tests/fuzz/corpus/<name>. New inputs stay in build/fuzz/corpus; a crash is kept in build/fuzz.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: \"$seconds\" is not a number of seconds"
if [[ ! -f tests/fuzz/CMakeLists.txt ]]; then
    say "there are no fuzzers in this tree"
    exit 0
fi
need_packages build fuzz
configure fuzz
build_targets fuzz tests/fuzz/all
mapfile -t fuzzers < <(find build/fuzz -type f -name 'fuzz_*' -executable | sort)
((${#fuzzers[@]})) || die "tests/fuzz built no program named fuzz_*"

share=$((seconds / ${#fuzzers[@]}))
((share > 0)) || share=1
broken=()
for fuzzer in "${fuzzers[@]}"; do
    name=$(basename "$fuzzer")
    corpus=tests/fuzz/corpus/${name#fuzz_}
    grown=build/fuzz/corpus/$name
    mkdir -p "$grown"
    say "$name for $share s"
    folders=("$grown")
    [[ -d $corpus ]] && folders+=("$corpus")
    "$fuzzer" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -print_final_stats=0 -verbosity=0 -artifact_prefix="build/fuzz/$name-" "${folders[@]}" ||
        broken+=("$name")
done
if ((${#broken[@]})); then
    die "these fuzzers found something (inputs in build/fuzz): ${broken[*]}"
fi
say "${#fuzzers[@]} fuzzers found nothing"
