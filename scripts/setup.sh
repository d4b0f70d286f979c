#!/bin/sh
# Makes a machine ready, once; when all is there it takes a second and asks no network.
#   setup.sh run     to build and run Rekey: compiler, Rust, cargo-leptos, style tools
#   setup.sh test    to test it too: browser, PostgreSQL, the test runners
# As root it installs Debian's packages itself, otherwise it names the command to run.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

what=${1:-}
case $what in run | test) ;; *) fail "usage: setup.sh run | test" ;; esac
has() { command -v "$1" >/dev/null 2>&1; }

node_fits() {
    has node && has npm || return 1
    _v=$(node --version)
    at_least "${_v#v}" 20
}
node_fits || fail "Node.js 20 or newer with npm is needed (style tools, browser tests)"

# --- packages of the system

need=
has cc || need="$need gcc libc6-dev"
if [ "$what" = test ]; then
    # scripts/postgres.sh looks in the same places.
    [ -n "$(find /usr/lib/postgresql -name initdb 2>/dev/null)" ] || has initdb || need="$need postgresql"
    # What a phone would do: reads QR codes, and shows codes for what is in them.
    has zbarimg || need="$need zbar-tools"
    has oathtool || need="$need oathtool"
    # Stand-ins for downstream systems are programs in it.
    has python3 || need="$need python3"
    # What asks the API is installed into a folder of its own.
    { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || need="$need python3-venv"
    # A directory (LDAP); tests start it themselves. Without a configuration none starts with the system.
    if ! has slapd && [ ! -x /usr/sbin/slapd ]; then
        need="$need slapd"
        if [ "$(id -u)" -eq 0 ] && has debconf-set-selections; then
            echo "slapd slapd/no_configuration boolean true" | debconf-set-selections
        fi
    fi
    # Chromium without what only windows need: the stories take a quarter less time in it. A whole one
    # that is there already will do for whoever may not install anything.
    if [ -z "${REKEY_TEST_CHROMIUM:-}" ] && ! has chromium-headless-shell; then
        { [ "$(id -u)" -ne 0 ] && has chromium; } || need="$need chromium-headless-shell"
    fi
fi
# shellcheck disable=SC2086 # one word per package is meant
[ -z "$need" ] || packages $need

# --- Rust, and what is built with it

"$root/scripts/toolchain.sh"
"$root/scripts/tools.sh" "$what"

# --- what npm brings

npm_ci() { (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund); }

# node_modules FOLDER USUALLY: as the lock file says; again only when that has changed.
node_modules() {
    _sum=$(cksum <"$root/$1/package-lock.json")
    [ "$(cat "$root/$1/node_modules/.made-from" 2>/dev/null)" != "$_sum" ] || return 0
    step "Fetching the npm packages of $1/" "$2" npm_ci "$root/$1"
    echo "$_sum" >"$root/$1/node_modules/.made-from"
}
node_modules style "about 10 seconds"
if [ "$what" = test ]; then node_modules end2end "about 10 seconds"; fi

# --- what PyPI brings

# schemathesis.txt pins all of it; another list is another folder.
schemathesis() {
    rm -rf "$cache/schemathesis"
    python3 -m venv "$cache/schemathesis" &&
        "$cache/schemathesis/bin/pip" install --quiet --disable-pip-version-check -r "$root/scripts/schemathesis.txt"
}
if [ "$what" = test ]; then
    _sum=$(cksum <"$root/scripts/schemathesis.txt")
    if [ "$(cat "$cache/schemathesis/.made-from" 2>/dev/null)" != "$_sum" ]; then
        step "Fetching schemathesis and dkimpy, which test the API and mail" "about 30 seconds" schemathesis
        echo "$_sum" >"$cache/schemathesis/.made-from"
    fi
fi
