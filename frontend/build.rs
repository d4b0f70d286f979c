//! Tells the linker to leave strings apart.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // wasm-ld would let strings of different pages share bytes (its -O affects nothing else). When
    // the pages' code is split, such bytes are needed in several pieces, and as soon as there are
    // too many of them cargo-leptos gives up and puts the data of all pieces into the first one:
    // the strength estimate's word lists, say, on every page.
    println!("cargo::rustc-link-arg-cdylib=-O0");
}
