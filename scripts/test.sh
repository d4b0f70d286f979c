#!/bin/sh
# Runs stages of the test suite, in the order given, and stops at the first that fails:
#   fmt      everything is formatted
#   layers   imports point left, and the browser's bundle holds nothing of the server
#   clippy   no warning, in what the server and what the browser runs, without building either
#   units    cargo nextest, SQLite and PostgreSQL; no warning in what that builds
#   build    the dev-profile server with its site; no warning in either
#   api      schemathesis asks the API of that whatever its description allows, and what it does not
#   e2e      Playwright in Chromium, against that
# The machine must be ready: scripts/setup.sh test
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"
cd "$root"

[ $# -gt 0 ] || fail "usage: test.sh STAGE..."

env=$root/scripts/env.sh
wasm=wasm32-unknown-unknown
work=$(mktemp -d)
chmod 755 "$work"
begin=$(date +%s)

postgres=
memory=
finish() {
    [ -z "$postgres" ] || "$root/scripts/postgres.sh" stop "$postgres" || true
    rm -rf "$work" ${memory:+"$memory"}
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In memory where there is room: half of the stories begin with a database of some hundred files, which
# takes half a second on a disk.
need_postgres() {
    [ -z "$postgres" ] || return 0
    free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ "${free:-0}" -gt 4000000 ] && memory=$(mktemp -d /dev/shm/rekey-test-XXXXXX); then
        chmod 755 "$memory"
    else
        memory=
    fi
    postgres=${memory:-$work}/postgres
    REKEY_TEST_POSTGRES=$("$root/scripts/postgres.sh" start "$postgres")
    export REKEY_TEST_POSTGRES
}

# --- stages

fmt() {
    "$env" cargo fmt --all --check
    # Where it is at hand; the scripts change seldom.
    if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh .ci/run; fi
}

# without WHO CARGO_TREE_ARGUMENTS... -- CRATES: none of the crates is among what WHO is built from.
without() {
    _who=$1 _tree=$work/tree
    shift
    _args=
    while [ "$1" != -- ]; do
        _args="$_args $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # several words are meant
    "$env" cargo tree -p "$_who" $_args -e normal,no-proc-macro --prefix none -f '{p}' >"$_tree"
    for _crate; do
        if grep -q "^$_crate v" "$_tree"; then
            # shellcheck disable=SC2086
            "$env" cargo tree -p "$_who" $_args -e normal,no-proc-macro -i "$_crate"
            say "error: $_who must be built without $_crate"
            return 1
        fi
    done
    say "$_who: $(sort -u "$_tree" | wc -l) crates, none of: $*"
}

layers() {
    without rekey-model -- rekey-portal rekey-app leptos axum sqlx tokio
    without rekey-portal -- rekey-app leptos axum
    without rekey-frontend --target "$wasm" --no-default-features -- \
        rekey-portal axum sqlx tokio argon2
}

clippy() {
    "$env" cargo clippy --workspace --exclude rekey-frontend --all-targets -- -D warnings
    "$env" cargo clippy -p rekey-frontend --no-default-features --target "$wasm" \
        --target-dir target/front -- -D warnings
}

# Clippy's driver is a compiler that also lints: what is built anyway need not be checked before, which
# would compile all of it, and all it depends on, once more. The arguments reach it as cargo-clippy sends them.
linted() {
    RUSTC_WORKSPACE_WRAPPER=$("$env" sh -c 'command -v clippy-driver')
    CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
    export RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
    "$env" "$@"
}

units() {
    REKEY_TEST_PYTHON=$cache/schemathesis/bin/python
    export REKEY_TEST_PYTHON
    linted cargo nextest run --workspace --exclude rekey-frontend
}

# Beside its binary, where that looks first; and the release build's site stays what it is.
build() {
    LEPTOS_SITE_ROOT=target/debug/site
    export LEPTOS_SITE_ROOT
    linted cargo leptos build --split
}

# A minute and a half at most; whatever is found is told with the request that shows it.
api() { "$env" node end2end/api.mjs "$cache/schemathesis/bin/schemathesis"; }

e2e() {
    REKEY_TEST_CHROMIUM=${REKEY_TEST_CHROMIUM:-$(command -v chromium-headless-shell || command -v chromium)}
    export REKEY_TEST_CHROMIUM
    cd "$root/end2end"
    # shellcheck disable=SC2086 # several words are meant
    "$env" npx --no-install playwright test ${PLAYWRIGHT:-}
}

# ---

# What the test runners counted is repeated at the very end, so that it is seen.
summaries=$work/summaries
: >"$summaries"
remember() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | case $2 in
    units) grep -E '^ *Summary \[' ;;
    api) grep -E '^ *schemathesis: ' ;;
    e2e)
        awk '
            # What failed, and its first lines of why.
            /^  [0-9]+\) \[/ { print "  " $0; why = 6; next }
            why && NF { print "    " $0; why-- }
            /^ *[0-9]+ (passed|failed|flaky|skipped|did not run|interrupted)( \(.*\))?$/ { sub(/^ */, ""); print "  playwright: " $0 }'
        ;;
    *) cat >/dev/null ;;
    esac >>"$summaries" || true
}

# What a stage said of why it failed, and whether the machine had room for it.
why_failed() {
    sed 's/\x1b\[[0-9;]*[mK]//g' "$1" |
        grep -iE '^ *(error|warning: unused|fatal)|panicked|No space left|Killed|signal:|cannot|failed' |
        cut -c1-300 | head -n 20 || true
    df -h "$root" | sed 's/^/  disk: /'
    free -m | sed 's/^/  memory: /'
}

# All tests of both runners on one line. A test that timed out, or did not come to run, has failed.
total() {
    grep -E '^  playwright: |tests run:' "$summaries" | sed 's/.*tests run://' | awk '
        { n = split($0, part, /[,:]/)
          for (i = 1; i <= n; i++) if (match(part[i], /[0-9]+ [a-z]/)) {
              count = substr(part[i], RSTART) + 0
              if (part[i] ~ /passed|flaky/) passed += count
              else if (part[i] ~ /skipped/) skipped += count
              else failed += count
          } }
        END { if (NR) printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped }'
}

failed=
for stage; do
    start=$(date +%s)
    say "==> $stage"
    case $stage in
    fmt | layers | clippy | build | api) ;;
    units | e2e) need_postgres ;;
    *) fail "no stage is called $stage" ;;
    esac
    # A stage is a shell of its own, ended by its first failing command. The pipe tells only how
    # `tee` ended.
    {
        set +e
        (
            set -e
            "$stage"
        )
        echo $? >"$work/code"
    } 2>&1 | tee "$work/output"
    remember "$work/output" "$stage"
    if [ "$(cat "$work/code")" -ne 0 ]; then
        why_failed "$work/output" >"$work/why"
        say "==> $stage: failed after $(how_long "$start")"
        failed=$stage
        break
    fi
    say "    $stage: $(how_long "$start")"
    printf '%-7s %s\n' "$stage" "$(how_long "$start")" >>"$work/times"
done

say ""
[ ! -e "$work/times" ] || cat "$work/times"
say "all     $(how_long "$begin")"
cat "$summaries"
total
[ -z "$failed" ] || {
    cat "$work/why"
    fail "the stage $failed failed"
}
