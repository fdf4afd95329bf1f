#!/usr/bin/env bash
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

build_server
say "built build/release/porchlight"
