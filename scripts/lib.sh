# What the scripts here share. Read with `. scripts/lib.sh` from a script that has set `root`, the
# folder of the workspace.
# shellcheck shell=sh disable=SC2034,SC2154

# Toolchain and tools live outside target/, so that neither `make clean` nor a new clone costs them.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rekey

# The Rust we are written for, as rust-toolchain.toml has it, for example 1.96.
channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$root/rust-toolchain.toml")

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# how_long START: the time since START (seconds, `date +%s`), as a person says it.
how_long() {
    _s=$(($(date +%s) - $1))
    if [ "$_s" -lt 60 ]; then echo "$_s s"; else echo "$((_s / 60)) min $((_s % 60)) s"; fi
}

# step TEXT USUALLY COMMAND...: says what happens and how long that usually takes, does it, says how
# long it took. What the command prints is shown only when it fails, or where someone is watching.
step() {
    _what=$1 _start=$(date +%s)
    say "==> $1 ($2)"
    shift 2
    if [ -t 1 ]; then
        "$@" || fail "$_what: failed"
    else
        _log=$(mktemp)
        "$@" >"$_log" 2>&1 </dev/null || {
            tail -n 60 "$_log" >&2
            fail "$_what: failed (all of its output: $_log)"
        }
        rm -f "$_log"
    fi
    say "    done in $(how_long "$_start")"
}

# at_least HAVE WANT: compares versions such as 1.96.0 and 1.96.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

_apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove \
        -o DPkg::Lock::Timeout=300 "$@"
}

_apt_update() { apt-get update -o DPkg::Lock::Timeout=300; }

_apt() {
    # The package lists may be missing or older than what the mirror still has.
    _apt_install "$@" || { _apt_update && _apt_install "$@"; } ||
        { sleep 10 && _apt_update && _apt_install "$@"; }
}

# packages NAME...: installs those of Debian's packages that are missing, or says how to.
packages() {
    _missing=
    for _p; do installed "$_p" || _missing="$_missing $_p"; done
    [ -n "$_missing" ] || return 0
    command -v apt-get >/dev/null ||
        fail "please install what Debian calls:$_missing, then run this again"
    [ "$(id -u)" -eq 0 ] ||
        fail "some packages are missing. Run: sudo apt-get install --no-install-recommends$_missing"
    # shellcheck disable=SC2086 # one word per package is meant
    step "Installing Debian's packages:$_missing" "usually a minute or two" _apt $_missing
}
