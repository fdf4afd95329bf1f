#!/usr/bin/env bash
# Everything, from a fresh clone, in well under an hour on two cores. Every phase runs even when an
# earlier one failed, and says what time it took.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

began=$SECONDS
report=()
failed=0

# phase NAME COMMAND...
phase() {
    local name=$1 from=$SECONDS outcome=ok
    shift
    say "[ci] $name"
    ("$@") || {
        outcome=FAILED
        failed=1
    }
    report+=("$(printf '%-22s %-6s %4d s' "$name" "$outcome" $((SECONDS - from)))")
    say "[ci] ${report[-1]}"
}

# The C++ tests under sanitizers, with fewer of what is drawn, since each costs ten times as much, and no
# scenarios in real time, which a slow server would miss. Nor libvips under tsan: it works on threads of
# its own in libraries built without it, so that their locks are not seen.
# shellcheck disable=SC2317
sanitized() {
    local preset=$1 left_out=scenarios_http
    [[ $preset != tsan ]] || left_out+='|unit_images'
    configure "$preset" && build_targets "$preset" porchlight_tests &&
        RC_PARAMS="max_success=20" \
            ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
            UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
            TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
            ctest --test-dir "build/$preset" --output-on-failure -j2 --timeout 900 -E "$left_out"
}

need_packages build test lint fuzz
phase "test" tools/dev/test.sh
phase "lint" tools/dev/lint.sh --headers
phase "asan+ubsan" sanitized asan
phase "tsan" sanitized tsan
phase "fuzz" tools/dev/fuzz.sh 60
phase "package" tools/dev/test.sh --package

printf '\n'
printf '%s\n' "${report[@]}"
printf '%-22s %-6s %4d s\n' "all" "$( ((failed)) && echo FAILED || echo ok)" $((SECONDS - began))
exit "$failed"
