#!/usr/bin/env bash
# The seeded simulation, by default with more seeds than ./dev test runs.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

need_packages build test
configure release -DPORCHLIGHT_TESTS=ON
[[ -f tests/simulation/CMakeLists.txt ]] || die "there is no simulation in this tree"
build_targets release simulation
(($#)) || set -- --seeds 2000
exec build/release/tests/simulation/simulation "$@"
