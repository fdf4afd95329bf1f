#!/usr/bin/env bash
# Builds and starts the server; what to try next is printed before it takes over the terminal.
set -euo pipefail
# shellcheck source=tools/dev/common.sh
source tools/dev/common.sh

# The value of option $1 among the other arguments; fails when it isn't there.
value_of() {
    local name=$1
    shift
    while (($#)); do
        case $1 in
            "$name") echo "${2-}" && return ;;
            "$name="*) echo "${1#*=}" && return ;;
        esac
        shift
    done
    return 1
}

build_server

arguments=()
listen=$(value_of --listen "$@") || {
    listen=127.0.0.1:8008
    arguments+=(--listen "$listen")
}
value_of --data "$@" >/dev/null || arguments+=(--data ./porchlight-data)
name=$(value_of --server-name "$@") || name=localhost

cat <<TEXT

Once the line "ready http://$listen" stands below, three things to try:

 1. Open http://$listen in a browser, make an account, and see who is home.

 2. Point Element (or any Matrix client) at the homeserver http://$listen and log in with
    that account, or make one from another terminal:
      curl -s http://$listen/_matrix/client/v3/register -H 'Content-Type: application/json' \\
           -d '{"username":"alice","password":"wonderland","auth":{"type":"m.login.dummy"}}'

 3. See in a terminal who is home, and be there while you look:
      build/release/porchlight login --server http://$listen @alice:$name
      build/release/porchlight watch

Ctrl-C ends the server.

TEXT
exec build/release/porchlight serve "${arguments[@]}" --open-registration "$@"
