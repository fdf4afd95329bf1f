#!/usr/bin/env bash
# Puts a bare Debian 12 into build/package/base, where it stays, with what the package depends on
# downloaded; ./dev test --package copies it for each run. Where that can't be had it says so in one
# line and ends with 3.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

place=$PWD/build/package
root=$place/base
stamp=$place/base.installed
log=$place/base.log
# What porchlight's Depends names; the rest of it are libraries, which these bring or apt fetches.
depends=(libvips42 systemd ca-certificates libspdlog1.10 libsimdjson14 libsodium23 libc-ares2 libsqlite3-0 libsystemd0)

skip() {
    say "skipped: $*"
    exit 3
}

# A mirror near this machine, if apt has one. Not by https: a fresh root knows no authority yet.
mirror() {
    # shellcheck disable=SC2016  # apt fills these in
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | grep -m 1 '^http:' || true
}

in_root() {
    timeout 1200 chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@" </dev/null >>"$log" 2>&1
}

((EUID == 0)) || skip "the package is tried in a chroot, and only root may make one"
command -v apt-get >/dev/null || skip "there is no apt here"
mkdir -p "$place"
# Of two runs at once the second waits for what the first installs.
exec 9>"$place/base.lock"
flock 9
if [[ -s $stamp ]]; then exit 0; fi
if ! (need_packages package-test) >"$log" 2>&1 || ! command -v debootstrap >/dev/null; then
    skip "debootstrap is not here and can't be installed"
fi
say "installing a bare Debian 12 into build/package/base (a minute or two, 500 MB)"
# What an interrupted run left is of no use; nothing is ever mounted in there.
rm -rf --one-file-system "$root"
from=$(mirror)
timeout 1200 debootstrap --variant=minbase --force-check-gpg bookworm "$root" ${from:+"$from"} \
    </dev/null >"$log" 2>&1 || skip "debootstrap could not fetch Debian 12; see build/package/base.log"
# Packages would start servers of their own.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
# The lists are those debootstrap fetched a moment ago.
in_root apt-get install -y --no-install-recommends --download-only "${depends[@]}" ||
    skip "what the package depends on is not to be had today; see build/package/base.log"
date +%F >"$stamp"
