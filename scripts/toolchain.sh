#!/bin/sh
# Makes sure that there is the Rust of rust-toolchain.toml with clippy, rustfmt and the wasm32
# standard library, and remembers where it comes from (scripts/env.sh reads that):
#
# - rustup, as everywhere, if it has it or can download it;
# - else Debian's packages (networks where rustup cannot download). Debian has the compiler and the
#   sources of the standard library, not its wasm32 build; that is compiled here, in a minute, and
#   put together with links to the rest as a toolchain folder.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/lib.sh
. "$root/scripts/lib.sh"

toolchain=$cache/toolchain
wasm=wasm32-unknown-unknown
# Whatever the caller's shell has chosen, and without rustup downloading behind our back.
unset RUSTUP_TOOLCHAIN RUSTC RUSTC_WRAPPER
export RUSTUP_AUTO_INSTALL=0

use() {
    mkdir -p "$cache"
    echo "$1" >"$cache/rust"
    exit 0
}

# --- rustup

rustup_has() {
    command -v rustup >/dev/null &&
        rustup which --toolchain "$channel" rustc >/dev/null 2>&1 &&
        rustup which --toolchain "$channel" cargo-clippy >/dev/null 2>&1 &&
        rustup which --toolchain "$channel" rustfmt >/dev/null 2>&1 &&
        [ -d "$(rustup run "$channel" rustc --print target-libdir --target "$wasm")" ]
}

# A closed network may refuse at once or say nothing at all: that must not hang the set-up.
rustup_downloads() {
    command -v rustup >/dev/null || return 1
    say "==> Asking rustup for Rust $channel (usually a minute; Debian's packages come next)"
    if timeout 900 rustup toolchain install "$channel" --profile minimal --no-self-update \
        -c clippy -c rustfmt -t "$wasm" </dev/null >"$cache/rustup.log" 2>&1 && rustup_has; then
        return 0
    fi
    say "    not possible here: $(grep -m 1 '^error' "$cache/rustup.log" || echo 'no answer')"
    return 1
}

# --- Debian

debian_version() { dpkg-query -W -f '${Version}' rustc-web 2>/dev/null; }

# The standard library fits exactly one build of the compiler; the number after it counts the ways
# in which the folder has been put together.
made_from() { echo "$(debian_version) 2"; }

debian_has() {
    [ -x "$toolchain/bin/rustc" ] &&
        [ "$(cat "$toolchain/made-from" 2>/dev/null)" = "$(made_from)" ]
}

debian_packages() {
    # rustc links wasm with the lld of its own LLVM; the package is named after that version.
    llvm=$(apt-cache depends rustc-web 2>/dev/null |
        sed -n 's/.*Depends: libllvm\([0-9]*\).*/\1/p' | head -n 1)
    packages rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web "lld-${llvm:-22}" gcc libc6-dev
}

debian_candidate_fits() {
    at_least "$(apt-cache policy rustc-web 2>/dev/null | sed -n 's/^ *Candidate: //p')" "$channel"
}

# Makes the toolchain in the folder $1, then moves it to its place in one step.
debian_build() {
    new=$1
    host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
    llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    mkdir -p "$new/std" "$new/bin" "$new/lib/rustlib/$host/bin" "$new/lib/rustlib/$wasm/lib"

    # An empty crate: building it builds the standard library.
    printf '[package]\nname = "wasm-std"\nversion = "0.0.0"\nedition = "2024"\n[lib]\npath = "lib.rs"\n' \
        >"$new/std/Cargo.toml"
    : >"$new/std/lib.rs"
    (
        cd "$new/std"
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS='' CARGO_TARGET_DIR="$new/std/target" \
            /usr/bin/cargo build --release --target "$wasm" \
            -Zbuild-std=std,panic_abort,panic_unwind,proc_macro
    )
    cp "$new/std/target/$wasm/release/deps/"*.rlib "$new/lib/rustlib/$wasm/lib/"
    rm -rf "$new/lib/rustlib/$wasm/lib/"libwasm_std* "$new/std"

    ln -s "/usr/lib/rustlib/$host/lib" "$new/lib/rustlib/$host/lib"
    ln -s "/usr/lib/llvm-$llvm/bin/lld" "$new/lib/rustlib/$host/bin/rust-lld"
    ln -s /usr/bin/cargo "$new/bin/cargo"
    ln -s /usr/bin/rustdoc "$new/bin/rustdoc"
    ln -s /usr/bin/rustfmt "$new/bin/rustfmt"
    # These two look for their driver in the folder they are in: no links.
    cp /usr/bin/cargo-clippy /usr/bin/cargo-fmt "$new/bin/"
    mkdir "$new/lld"
    ln -s "/usr/lib/llvm-$llvm/bin/lld" "$new/lld/ld.lld"
    cat >"$new/bin/rustc" <<END
#!/bin/sh
# lld links several times quicker than ld, as rustup's Rust does; wasm has a linker of its own.
case " \$* " in
*" $wasm "*) exec /usr/bin/rustc --sysroot $toolchain "\$@" ;;
*) exec /usr/bin/rustc --sysroot $toolchain "\$@" -C link-arg=-fuse-ld=lld -C link-arg=-B$toolchain/lld ;;
esac
END
    # Last, because cargo asks clippy for the compiler's version first, which takes no sysroot.
    printf '#!/bin/sh\nexec /usr/bin/clippy-driver "$@" --sysroot %s\n' "$toolchain" >"$new/bin/clippy-driver"
    chmod +x "$new/bin/rustc" "$new/bin/clippy-driver"
    made_from >"$new/made-from"

    rm -rf "$toolchain"
    mv "$new" "$toolchain"
}

# --- in this order

# The script calls itself for this one: in a function that a condition calls, `set -e` is off.
if [ "${1:-}" = build ]; then
    debian_build "$2"
    exit 0
fi

case $(cat "$cache/rust" 2>/dev/null || true) in
rustup) rustup_has && exit 0 ;;
debian) debian_has && exit 0 ;;
esac
mkdir -p "$cache"
if rustup_has; then use rustup; fi
if debian_has; then use debian; fi
if rustup_downloads; then use rustup; fi

command -v apt-get >/dev/null ||
    fail "Rust $channel with $wasm is needed, and neither rustup nor Debian's packages can bring it"
debian_candidate_fits || [ "$(id -u)" -ne 0 ] || step "Updating the package lists" "seconds" _apt_update
debian_packages
if ! at_least "$(debian_version)" "$channel"; then
    [ "$(id -u)" -eq 0 ] || fail "rustc-web is too old. Run: sudo apt-get update && sudo apt-get upgrade"
    step "Updating Debian's Rust" "a minute" _apt_install rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web
    at_least "$(debian_version)" "$channel" ||
        fail "Rust $channel or newer is needed; Debian's rustc-web here is $(debian_version)"
fi
work=$(mktemp -d "$cache/toolchain.XXXXXX")
trap 'rm -rf "$work"' EXIT
step "Building the wasm32 standard library" "about a minute" "$0" build "$work"
# For editors and for cargo by hand: RUSTUP_TOOLCHAIN=rekey cargo check
if command -v rustup >/dev/null; then rustup toolchain link rekey "$toolchain" || true; fi
use debian
