#!/usr/bin/env bash
# Builds and runs the tests: ctest, then the real binary with real clients, then the lint's own.
# Ends with one line, "N passed, N failed". FILTER is part of the name of a test program or of a
# GoogleTest case, or `integration` (more arguments go to tests/integration/run), `web`, `lint`, `bench`,
# `--gui` (desktop clients under Xvfb), `--with-synapse` (the real Synapse as a peer) or `--package` (the
# Debian package in a chroot) for those parts alone.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

filter=${1-}
passed=0
failed=0

# add PASSED FAILED
add() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# The test programs whose names have the filter in them; none: it is about cases.
programs() {
    [[ -z $filter ]] || ctest --test-dir build/release -N -R "$filter" |
        sed -n 's/^ *Test *#[0-9]*: //p'
}

build_tests() {
    local wanted targets=() name
    wanted=$(programs)
    for name in $wanted; do
        if grep -q "^build $name:" build/release/build.ninja; then targets+=("$name"); fi
    done
    ((${#targets[@]})) || targets=(all)
    build_targets release "${targets[@]}"
}

run_ctest() {
    local folder=$PWD/build/release reports=$PWD/build/reports chosen=() name_filter
    rm -rf "$reports"
    mkdir -p "$reports"
    name_filter=
    if [[ -n $filter ]]; then
        if [[ -n $(programs) ]]; then
            chosen=(-R "$filter")
        else
            name_filter="*$filter*"
        fi
    fi
    GTEST_OUTPUT="xml:$reports/" GTEST_FILTER=${name_filter:-*} GTEST_COLOR=no \
        ctest --test-dir "$folder" --output-on-failure -j2 --timeout 600 \
        --output-junit "$reports/ctest.xml" "${chosen[@]}" || true
    [[ -f $reports/ctest.xml ]] || die "ctest wrote no report"
    # With a filter on cases every program runs; those without GoogleTest don't know about it.
    local p f s
    read -r p f s < <(tools/dev/summary.py "$reports/ctest.xml" "$reports" \
        ${name_filter:+--cases-only})
    add "$p" "$f"
    ((s == 0)) || say "$s skipped"
}

# run_counted NAME COMMAND...: a command whose output has a line "N passed, N failed"; the last counts.
run_counted() {
    local name=$1 log=build/reports/$1.log line status=0
    shift
    mkdir -p build/reports
    "$@" 2>&1 | tee "$log" || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) || true
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        add "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        if ((status != 0 && BASH_REMATCH[2] == 0)); then
            say "$name ended with status $status"
            add 0 1
        fi
    else
        say "$name printed no count (status $status)"
        add 0 1
    fi
}

# The units of web/, each case counted.
run_web() {
    [[ -f web/package.json ]] || return 0
    need_npm web
    say "the units of the page"
    run_counted web web/run_tests
}

run_integration() {
    [[ -x tests/integration/run ]] || return 0
    need_npm tests/integration/js
    need_npm tests/integration/page
    need_npm tests/integration/routes
    local programs=0
    tools/dev/programs.sh || programs=$?
    # 3: it said why they can't be had here; what needs them says that it is left out.
    if ((programs == 0)); then export PORCHLIGHT_PROGRAMS=$PWD/build/programs/root; fi
    say "real clients against the real server"
    PORCHLIGHT_BINARY=$PWD/build/release/porchlight run_counted integration tests/integration/run "$@"
}

# Desktop clients are large and their screens slow: only when asked for, and never in ci.
run_gui() {
    if ! (need_packages gui); then
        say "skipped: the desktop clients' packages are not to be had here"
        return
    fi
    configure release -DPORCHLIGHT_TESTS=ON
    build_targets release porchlight
    run_integration gui
    say "screenshots are in build/reports/gui"
}

# Another homeserver, from another suite of Debian: only when asked for, and never in ci.
run_synapse() {
    local status=0
    tools/dev/synapse.sh || status=$?
    # 3: it said why it can't be had here, which is no failure.
    if ((status == 3)); then return; fi
    ((status == 0)) || die "tools/dev/synapse.sh ended with status $status"
    configure release -DPORCHLIGHT_TESTS=ON
    build_targets release porchlight
    say "the real Synapse and the real server"
    PORCHLIGHT_BINARY=$PWD/build/release/porchlight PORCHLIGHT_SYNAPSE_ROOT=$PWD/build/synapse/root \
        run_counted synapse tests/integration/run synapse
}

# A whole Debian to install into: only when asked for, and in ci.
run_package() {
    local status=0
    tools/dev/package_root.sh || status=$?
    if ((status == 3)); then return; fi
    ((status == 0)) || die "tools/dev/package_root.sh ended with status $status"
    tools/dev/package.sh
    say "the package in a bare Debian"
    run_counted package tests/package/run build/package
}

need_packages build test
case $filter in
    --gui) run_gui ;;
    --with-synapse) run_synapse ;;
    --package) run_package ;;
    lint) run_counted lint tests/lint/run ;;
    bench) run_counted bench tests/bench/run ;;
    web) run_web ;;
    integration)
        configure release -DPORCHLIGHT_TESTS=ON
        build_targets release porchlight porchlight-load
        run_integration "${@:2}"
        ;;
    *)
        configure release -DPORCHLIGHT_TESTS=ON
        build_tests
        say "ctest"
        run_ctest
        if [[ -z $filter ]]; then
            run_web
            run_integration
            say "the lint's own tests"
            run_counted lint tests/lint/run
            say "the comparison of figures"
            run_counted bench tests/bench/run
        fi
        ;;
esac

[[ ! $filter =~ ^--(gui|with-synapse|package)$ || $((passed + failed)) -gt 0 ]] || exit 0
((passed + failed > 0)) || say "nothing was executed${filter:+: no test has \"$filter\" in its name}"
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
