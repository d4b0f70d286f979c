#!/bin/sh
# Runs a command with our toolchain and tools: scripts/env.sh cargo check -p rekey-portal
# `make` runs everything through this; nothing has to be added to a shell's profile.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

PATH=$root/style/node_modules/.bin:$cache/tools/bin:$PATH

# Written by toolchain.sh: where the Rust comes from.
case $(cat "$cache/rust" 2>/dev/null || true) in
debian)
    PATH=$cache/toolchain/bin:$PATH
    export RUSTUP_TOOLCHAIN="$cache/toolchain"
    ;;
rustup) export RUSTUP_TOOLCHAIN="$channel" ;;
esac

export PATH
exec "$@"
