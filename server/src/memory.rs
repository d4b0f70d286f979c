//! How memory is kept.

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

/// Gives back what only the start needed, once it is over: heap that is free again, and the code of
/// migrations, of settings and of what is set up once, which would stay in memory until something else
/// wanted the room. What is needed again is read again, from the system's copy of the file.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    #[expect(unsafe_code, reason = "glibc is told in no other way")]
    // SAFETY: malloc_trim(3) takes a number and gives back only what nobody has.
    unsafe {
        libc::malloc_trim(0);
    }
    // Without it, everything works as well.
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (start, length) in code(&maps) {
        #[expect(unsafe_code, reason = "the system is told in no other way")]
        // SAFETY: madvise(2), MADV_DONTNEED: the next use of a page of a private mapping reads what
        // the file has, and nothing else was ever in it, since nothing can write to it.
        unsafe {
            libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTNEED);
        }
    }
}

/// Other systems keep theirs.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

/// Where the code of the program and of libraries is, and how long it is: mappings of files that can be
/// read and run, and neither written nor shared (`proc_pid_maps(5)`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn code(maps: &str) -> Vec<(usize, usize)> {
    let code = |line: &str| {
        let mut parts = line.split_ascii_whitespace();
        let (range, rights) = (parts.next()?, parts.next()?);
        let is_file = parts.nth(3).is_some_and(|path| path.starts_with('/'));
        let (start, end) = range.split_once('-')?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        (rights == "r-xp" && is_file).then_some((start, end.checked_sub(start)?))
    };
    maps.lines().filter_map(code).collect()
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_that_comes_from_files_is_given_back() {
        let maps = "\
55d0a8000000-55d0a8400000 r--p 00000000 fe:01 12                         /usr/bin/rekey
55d0a8400000-55d0aa000000 r-xp 00400000 fe:01 12                         /usr/bin/rekey
55d0aa000000-55d0aa100000 rw-p 02000000 fe:01 12                         /usr/bin/rekey
55d0ab000000-55d0ab021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 r-xp 00000000 00:00 0
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0                          [vdso]
";
        assert_eq!(code(maps), [(0x55d0_a840_0000, 0x01c0_0000)]);
        let here = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!code(&here).is_empty());
        give_back();
        assert_eq!(code(maps).len(), 1, "this very code is there again");
    }
}
