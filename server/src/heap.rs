//! How the heap is kept.

/// Has glibc share two heaps among all threads, instead of one for nearly every thread: what pages
/// and queries leave behind in heaps of their own is memory that nobody else can use. Hashing, which
/// takes most of the time, fills memory of its own. To be called before there are threads.
#[cfg(target_env = "gnu")]
pub(crate) fn share() {
    #[expect(unsafe_code, reason = "glibc is told in no other way")]
    // SAFETY: mallopt(3) takes two numbers and touches nothing of ours.
    let taken = unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
    debug_assert_eq!(taken, 1, "glibc knows M_ARENA_MAX");
}

/// Other libraries share theirs, or have their own way.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn share() {}
