#!/bin/sh
# Makes sure of the command-line tools that building and testing need. One that is on the PATH in a
# fitting version is taken; then `cargo binstall` is asked, if there; then it is compiled. What is
# compiled here stays in the cache. Usage: tools.sh run | test
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

# What is needed, as `cargo install` names it.
cargo_leptos=0.3.11
cargo_nextest=0.9.143
# wasm-bindgen's two halves, this tool and the library in the bundle, must be of the same version.
wasm_bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"/\1/p;}' "$root/Cargo.lock")
# A new clone has it; a workspace without a browser side would not.
: "${wasm_bindgen:=0.2.130}"

# version COMMAND...: the first version number in the first line that the command prints.
version() {
    "$root/scripts/env.sh" "$@" 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9.]*\).*/\1/p'
}

leptos_fits() {
    # 0.4 may take other settings.
    _v=$(version cargo-leptos --version)
    at_least "${_v:-0}" "$cargo_leptos" && ! at_least "$_v" 0.4
}
bindgen_fits() { [ "$(version wasm-bindgen --version)" = "$wasm_bindgen" ]; }
# Releases of the last years all read .config/nextest.toml.
nextest_fits() {
    _v=$(version cargo-nextest nextest --version)
    at_least "${_v:-0}" 0.9.100
}

binstall() {
    "$root/scripts/env.sh" cargo binstall --no-confirm --disable-strategies compile \
        --root "$cache/tools" "$1@$2"
}

# Without optimisation: compiling these takes longer than using them ever will.
compile() {
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_PROFILE_RELEASE_STRIP=true \
        RUSTFLAGS='' CARGO_TARGET_DIR="$cache/build" \
        "$root/scripts/env.sh" cargo install --root "$cache/tools" "$@"
}

# The versions that a tool was released with; where the registry lacks one yet, the nearest.
compile_one() { compile --locked --force "$1@$2" || compile --force "$1@$2"; }

# get CRATE VERSION USUALLY FITS: FITS says whether the tool that is found will do.
get() {
    if "$4"; then return; fi
    if "$root/scripts/env.sh" cargo binstall -V >/dev/null 2>&1 && binstall "$1" "$2" && "$4"; then return; fi
    step "Building $1 $2" "$3" compile_one "$1" "$2"
    "$4" || fail "$1 $2 was installed, and another one is found first: check your PATH"
}

case ${1:-} in
run | test) ;;
*) fail "usage: tools.sh run | test" ;;
esac
get wasm-bindgen-cli "$wasm_bindgen" "about 4 minutes on two cores" bindgen_fits
get cargo-leptos "$cargo_leptos" "about 9 minutes on two cores" leptos_fits
if [ "$1" = test ]; then
    get cargo-nextest "$cargo_nextest" "about 5 minutes on two cores" nextest_fits
fi
# What a broken-off build left for the next try.
rm -rf "$cache/build"
