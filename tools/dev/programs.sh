#!/usr/bin/env bash
# Puts proxies and promtool, Debian's own, into build/programs/root: unpacked, not installed, so that no
# service of theirs ever starts here. They stay until build/programs is removed. Where they can't
# be had it says so in one line and ends with 3.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

place=$PWD/build/programs
root=$place/root
log=$place/log
# The libraries after haproxy are those it needs and few machines have.
packages=(nginx caddy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 prometheus)
stamp=$place/unpacked

skip() {
    say "skipped: $*"
    exit 3
}

fetch() {
    (cd "$place/archives" && apt-get download "${packages[@]}") >>"$log" 2>&1
}

# Each runs with the libraries that are here.
runs() {
    local libraries
    libraries=$(find "$root/usr/lib" -maxdepth 1 -name '*-linux-*' | tr '\n' ':')
    "$root/usr/sbin/nginx" -v && LD_LIBRARY_PATH=$libraries "$root/usr/sbin/haproxy" -v &&
        "$root/usr/bin/caddy" version && "$root/usr/bin/promtool" --version
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "the proxies are Debian's, and there is no apt here"
mkdir -p "$place"
# Of two runs at once the second waits for what the first unpacks.
exec 9>"$place/lock"
flock 9
if [[ -f $stamp && $(<"$stamp") == "${packages[*]}" ]]; then exit 0; fi
say "unpacking nginx, Caddy, HAProxy and promtool into build/programs (35 MB to download)"
rm -rf "$root" "$place/archives"
mkdir -p "$root" "$place/archives"
: >"$log"
if ! fetch; then
    ((EUID != 0)) || apt-get update -qq >>"$log" 2>&1 || true
    fetch || skip "apt-get could not download ${packages[*]}; see build/programs/log"
fi
for archive in "$place"/archives/*.deb; do
    dpkg-deb -x "$archive" "$root"
done
runs >>"$log" 2>&1 || skip "a proxy or promtool does not run here; see build/programs/log"
rm -rf "$place/archives"
echo "${packages[*]}" >"$stamp"
