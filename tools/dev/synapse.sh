#!/usr/bin/env bash
# Puts the real Synapse, Debian's own package of the suite unstable, into build/synapse/root, where it
# stays until build/synapse is removed. Where that can't be had it says so in one line and ends with 3.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

place=$PWD/build/synapse
root=$place/root
stamp=$place/installed
log=$place/install.log

skip() {
    say "skipped: $*"
    exit 3
}

# A mirror near this machine, if apt has one. Not by https: a fresh root knows no authority yet.
mirror() {
    command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2016  # apt fills these in
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | grep -m 1 '^http:' || true
}

in_root() {
    timeout 1200 chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@" </dev/null >>"$log" 2>&1
}

install() {
    local from
    from=$(mirror)
    say "installing Synapse of Debian unstable into build/synapse/root (some minutes, 500 MB)"
    # What an interrupted run left is of no use; nothing is ever mounted in there.
    rm -rf --one-file-system "$root"
    timeout 1200 debootstrap --variant=minbase --force-check-gpg unstable "$root" ${from:+"$from"} \
        </dev/null >"$log" 2>&1 ||
        skip "debootstrap could not fetch Debian unstable; see build/synapse/install.log"
    # The package would start a server of its own.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    # The lists are those debootstrap fetched a moment ago.
    in_root apt-get install -y --no-install-recommends matrix-synapse ||
        skip "matrix-synapse is not to be installed from unstable today; see build/synapse/install.log"
    in_root sh -c 'apt-get clean && rm -rf /var/lib/apt/lists/*' || true
    in_root python3 -m synapse.app.homeserver --help ||
        skip "the Synapse of unstable does not run today; see build/synapse/install.log"
    # shellcheck disable=SC2016  # and dpkg-query this
    chroot "$root" dpkg-query -W -f='${Version}\n' matrix-synapse >"$stamp"
}

((EUID == 0)) || skip "Synapse runs in a chroot, and only root may make one"
mkdir -p "$place"
# Of two runs at once the second waits for what the first installs.
exec 9>"$place/lock"
flock 9
if [[ ! -s $stamp ]]; then
    if ! (need_packages synapse) >"$log" 2>&1 || ! command -v debootstrap >/dev/null; then
        skip "debootstrap is not here and can't be installed"
    fi
    install
fi
say "Synapse $(<"$stamp") in build/synapse/root"
