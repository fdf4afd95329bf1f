#!/usr/bin/env bash
# The figures of bench/, or the one named.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

[[ -x bench/run ]] || die "there is no bench/run in this tree"
build_server
need_packages bench
PORCHLIGHT_BINARY=$PWD/build/release/porchlight exec bench/run "$@"
