#!/usr/bin/env bash
# Builds the Debian package, build/package/porchlight_VERSION_ARCH.deb, for the Debian of this machine.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

(($# == 0)) || die "package: takes no argument, not \"$1\""
command -v dpkg >/dev/null || die "package: a Debian package is built on Debian, and there is no dpkg here"
need_packages build package
configure package
build_targets package porchlight porchlight-load porchlight_package_files
folder=$PWD/build/package
rm -f "$folder"/porchlight_*.deb
log=$folder/cpack.log
if ! (cd "$folder" && cpack --config CPackConfig.cmake) >"$log" 2>&1; then
    cat "$log" >&2
    die "cpack could not make the package"
fi
rm -rf "$folder/_CPack_Packages"
made=("$folder"/porchlight_*.deb)
[[ -f ${made[0]} ]] || die "cpack made no package; see build/package/cpack.log"
say "built ${made[0]#"$PWD"/}"
