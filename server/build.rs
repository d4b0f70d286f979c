//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|told| told == value);
    // Nearly all of its relocations are relative: packed they take a hundredth of two megabytes, all
    // of which the loader reads at each start and leaves in memory. glibc knows them since 2.36.
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
