# shellcheck shell=bash
# What the commands of ./dev share: messages, set-up and building. Sourced from the root.

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf './dev: %s\n' "$*" >&2
    exit 1
}

# The packages of the parts named ($@) in packaging/debian-packages.txt.
packages_of() {
    local part
    for part in "$@"; do
        awk -v part="[$part]" '/^#/ { next } /^\[/ { on = ($0 == part); next } on && NF' \
            packaging/debian-packages.txt
    done
    if [[ " $* " == *" build "* || " $* " == *" test "* ]]; then
        command -v node >/dev/null || echo nodejs
        command -v npm >/dev/null || echo npm
    fi
}

# Installs what the parts named ($@) need and the machine lacks.
need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian machine: install the like of packaging/debian-packages.txt ($*) yourself"
        return
    fi
    local wanted missing=() package
    mapfile -t wanted < <(packages_of "$@")
    local installed
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
        awk '$2 == "installed" { print $1 }') || true
    for package in "${wanted[@]}"; do
        grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    if [[ " ${missing[*]} " == *" libboost1.81-dev "* ]] &&
        [[ $(dpkg-query -W -f='${db:Status-Status}' libboost1.74-dev 2>/dev/null) == installed ]]; then
        die "libboost1.74-dev is installed and excludes libboost1.81-dev, which Porchlight needs.
Remove it first:  apt-get remove libboost1.74-dev"
    fi
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "these Debian packages are missing and there is no sudo; as root run:
  apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing Debian packages${as_root[*]:+ with sudo}: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        die "apt-get could not install: ${missing[*]}"
}

# npm parts of the folder $1, installed again only when its lock file changed.
need_npm() {
    local folder=$1
    [[ -f $folder/package-lock.json ]] || return 0
    local stamp sum
    stamp=build/stamps/npm-${folder//\//-}
    sum=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
    if [[ -d $folder/node_modules && -f $stamp && $(<"$stamp") == "$sum" ]]; then
        return 0
    fi
    say "installing the npm packages of $folder"
    npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error >&2 ||
        die "npm could not install the packages of $folder/package-lock.json"
    mkdir -p build/stamps
    echo "$sum" >"$stamp"
}

# All cores, but not more compilers than memory: a Beast translation unit takes about 1.5 GB.
jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
    ((memory < 1)) && memory=1
    echo $((cores < memory ? cores : memory))
}

# The page and the operator's view, into build/web/embedded, from where the server takes them; only when
# something of web/ changed.
build_web() {
    [[ -f web/package.json ]] || return 0
    local stamp=build/stamps/web sum
    sum=$(git ls-files --cached --others --exclude-standard -- web | LC_ALL=C sort -u |
        while read -r file; do if [[ -f $file ]]; then sha256sum "$file"; fi; done | sha256sum)
    if [[ -f build/web/embedded/files.cc && -f $stamp && $(<"$stamp") == "$sum" ]]; then
        return
    fi
    need_npm web
    say "building the page"
    npm --prefix web run --silent build >&2 || die "the page of web/ could not be built"
    mkdir -p build/stamps
    echo "$sum" >"$stamp"
}

# configure PRESET [cmake arguments]: only when the arguments or the presets changed; ninja itself
# runs CMake again for everything else.
configure() {
    local preset=$1 folder=build/$1 key
    shift
    build_web
    key=$(sha256sum CMakePresets.json | cut -d' ' -f1)" $PWD $*"
    if [[ -f $folder/build.ninja && -f $folder/.configured && $(<"$folder/.configured") == "$key" ]]; then
        return
    fi
    # A build folder that came from another place is of no use here.
    if [[ -f $folder/CMakeCache.txt ]] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$folder/CMakeCache.txt"; then
        rm -rf "$folder"
    fi
    say "configuring $folder"
    mkdir -p "$folder"
    if ! cmake --preset "$preset" "$@" >"$folder/configure.log" 2>&1; then
        cat "$folder/configure.log" >&2
        die "CMake could not configure $folder"
    fi
    echo "$key" >"$folder/.configured"
}

# build_targets PRESET targets...
build_targets() {
    local preset=$1
    shift
    say "building $* in build/$preset with $(jobs) jobs"
    NINJA_STATUS='[%f/%t %es] ' cmake --build "build/$preset" -j "$(jobs)" --target "$@" >&2
}

# The server alone. A tree that was configured for the tests stays so.
build_server() {
    need_packages build
    if grep -qs '^PORCHLIGHT_TESTS:BOOL=ON$' build/release/CMakeCache.txt; then
        configure release -DPORCHLIGHT_TESTS=ON
    else
        configure release -DPORCHLIGHT_TESTS=OFF
    fi
    build_targets release porchlight
}
