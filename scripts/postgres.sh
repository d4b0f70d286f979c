#!/bin/sh
# A throwaway PostgreSQL server for tests, in a folder of its own, on a free loopback port, run by an
# unprivileged user. Nothing of it outlives `stop`, and it is not made to outlive a power cut.
#
#   postgres.sh start DIR      makes DIR and the server, prints the URL of an empty database
#   postgres.sh restart DIR    stops it as a crash does and starts it again: same port, same data
#   postgres.sh down DIR       only stops it, as a crash does; `restart` brings it back
#   postgres.sh stop DIR       ends it and removes DIR
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

usage() { fail "usage: postgres.sh start | restart | down | stop DIR"; }
[ $# -eq 2 ] || usage
command=$1
# No `cd` to find it: it may not exist yet.
case $2 in /*) dir=$2 ;; *) dir=$PWD/$2 ;; esac

# Debian keeps the server's programs out of the PATH, a folder per version; elsewhere they are on it.
programs() {
    find /usr/lib/postgresql -name initdb 2>/dev/null | sort -V | tail -n 1
    command -v initdb
}
bin=$(programs | head -n 1)
[ -n "$bin" ] || fail "PostgreSQL's server is not installed (Debian: postgresql)"
bin=$(dirname "$(readlink -f "$bin")")

# PostgreSQL refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    if ! id "$user" >/dev/null 2>&1; then
        user=rekey-test
        id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
    fi
    as_user() { runuser -u "$user" -- "$@"; }
    own() { chown "$user" "$@"; }
else
    as_user() { "$@"; }
    own() { :; }
fi
# Not every folder that one is called from can be entered by that user.
cd /

# A port may be taken between looking and binding, so the server itself is asked, some times.
start_server() {
    _try=0
    while [ "$_try" -lt 20 ]; do
        _port=${1:-$((20000 + ($$ + _try * 977) % 12000))}
        if as_user "$bin/pg_ctl" start -w -s -D "$dir/data" -l "$dir/log" -o "-p $_port" >/dev/null 2>&1; then
            echo "$_port" >"$dir/port"
            return
        fi
        grep -q 'Address already in use' "$dir/log" || break
        [ -z "${1:-}" ] || sleep 1
        _try=$((_try + 1))
    done
    tail -n 20 "$dir/log" >&2
    fail "PostgreSQL did not start"
}

case $command in
start)
    [ ! -e "$dir" ] || fail "$dir exists already"
    mkdir -p "$dir"
    chmod 755 "$dir"
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && echo "$password" >"$dir/password")
    : >"$dir/log"
    own "$dir" "$dir/password" "$dir/log"
    # MD5 will do: the password is random and as short-lived as the server, and every test connects
    # some times. SCRAM's 4,096 rounds in a test build took longer than the tests themselves.
    as_user "$bin/initdb" -D "$dir/data" -U rekey --auth=md5 --pwfile="$dir/password" \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >>"$dir/log" 2>&1 ||
        { tail -n 20 "$dir/log" >&2; fail "initdb failed"; }
    as_user tee -a "$dir/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
# Many tests at once, each with pools of its own.
max_connections = 400
# Safe against a crash of the server, which tests cause, not against one of the machine.
fsync = off
full_page_writes = off
autovacuum = off
# All of it may be in memory.
max_wal_size = 256MB
CONF
    start_server
    PGPASSWORD=$password "$bin/createdb" -h 127.0.0.1 -p "$(cat "$dir/port")" -U rekey rekey
    echo "postgres://rekey:$password@127.0.0.1:$(cat "$dir/port")/rekey"
    ;;
restart | down | stop)
    [ -f "$dir/data/PG_VERSION" ] || fail "$dir is not a throwaway server"
    as_user "$bin/pg_ctl" stop -w -s -m immediate -D "$dir/data" >/dev/null 2>&1 || true
    case $command in
    restart) start_server "$(cat "$dir/port")" ;;
    stop) rm -rf "$dir" ;;
    esac
    ;;
*) usage ;;
esac
