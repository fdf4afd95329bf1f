#!/usr/bin/env bash
# Everything that is checked without running the server. --tidy: clang-tidy over all of src;
# --headers: each header compiles alone.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

tidy=changed
headers=no
for argument in "$@"; do
    case $argument in
        --tidy) tidy=all ;;
        --headers) headers=yes ;;
        *) die "lint: unknown argument \"$argument\"; there are --tidy and --headers" ;;
    esac
done
need_packages build lint

bad=()
# check NAME COMMAND...
check() {
    local name=$1
    shift
    say "$name"
    "$@" || bad+=("$name")
}

# The files of this tree that match the patterns, those not yet committed too.
existing() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
        if [[ -f $file && ! -L $file ]]; then echo "$file"; fi
    done
}

check_format() {
    existing '*.cc' '*.h' | tr '\n' '\0' | xargs -0 -r -n 40 clang-format-16 --dry-run --Werror
}

check_shell() {
    local scripts
    mapfile -t scripts < <(existing | while read -r file; do
        if head -n 1 "$file" | grep -qaE '^#!.*(ba)?sh|^# shellcheck shell'; then echo "$file"; fi
    done)
    shellcheck -x "${scripts[@]}"
}

# Files that differ from the last commit, or those of the last commit when none do; at most eight.
changed_sources() {
    local files
    files=$(git diff --name-only HEAD -- 'src/*.cc' 'tools/*.cc')
    [[ -n $files ]] || files=$(git diff --name-only HEAD~1 HEAD -- 'src/*.cc' 'tools/*.cc' 2>/dev/null) || true
    while read -r file; do
        [[ -f $file ]] && echo "$file"
    done <<<"$files" | head -n 8
}

check_tidy() {
    local files=()
    if [[ $tidy == all ]]; then
        mapfile -t files < <(git ls-files -- 'src/*.cc' 'tools/*.cc')
    else
        mapfile -t files < <(changed_sources)
    fi
    ((${#files[@]})) || return 0
    if [[ ! -f build/release/compile_commands.json ]]; then
        configure release -DPORCHLIGHT_TESTS=OFF
    fi
    printf '%s\0' "${files[@]}" |
        timeout 1800 xargs -0 -n 1 -P "$(jobs)" clang-tidy-16 --quiet -p build/release \
            --warnings-as-errors='*' 2> >(grep -v 'warnings generated' >&2)
}

check "format" check_format
check "layers" tools/lint/layers
check "rules" tools/lint/rules
check "guards" tools/lint/guards
check "docs" tools/docs/client_api --check
check "errors" tools/docs/errors --check
check "shell scripts" check_shell
check_web() {
    need_npm web
    npm --prefix web run --silent check
}

check "types of web" check_web
check "clang-tidy ($tidy files)" check_tidy
if [[ $headers == yes ]]; then
    check "headers alone" tools/lint/headers_alone
fi

if ((${#bad[@]})); then
    printf './dev: lint found something in: %s\n' "$(printf '%s, ' "${bad[@]}" | sed 's/, $//')" >&2
    exit 1
fi
say "lint: nothing to complain about"
