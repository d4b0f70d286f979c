#!/bin/sh
# The figures that Rekey is held to (make bench): the release build on SQLite, and a throwaway
# PostgreSQL beside it for what runs on both.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

work=$(mktemp -d)
trap '"$root/scripts/postgres.sh" stop "$work/postgres" 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
BENCH_POSTGRES=$("$root/scripts/postgres.sh" start "$work/postgres")
export BENCH_POSTGRES
"$root/scripts/env.sh" cargo run --release -p rekey-server --example bench -- "$@"
