#!/usr/bin/env bash
# The figures of bench/, or those named. `compare` and `plot` take the results that are kept.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

[[ -x bench/run ]] || die "there is no bench/run in this tree"
case ${1-} in
    compare | plot)
        command=$1
        shift
        exec "bench/$command" "$@"
        ;;
esac
build_server
build_targets release porchlight-load
need_packages bench
PORCHLIGHT_BINARY=$PWD/build/release/porchlight exec bench/run "$@"
