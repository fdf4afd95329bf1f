#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

build_server
build_targets release porchlight-load
say "built build/release/porchlight and build/release/porchlight-load"
