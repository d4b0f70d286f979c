//! Named points at which a test may stop the process, to see what a crash leaves behind.

/// In a build for tests (debug assertions on, never in a release): when the environment variable `REKEY_FAILPOINT` names
/// this point, the process waits here for ever, to be killed from outside. Otherwise nothing.
#[cfg(debug_assertions)]
pub(crate) fn reach(name: &str) {
    if std::env::var("REKEY_FAILPOINT").is_ok_and(|chosen| chosen == name) {
        println!("failpoint: {name}");
        loop {
            std::thread::park();
        }
    }
}

/// In any other build: nothing.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn reach(_: &str) {}
