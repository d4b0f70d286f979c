//! Paths that come from outside.

/// A path of this very site, or nothing: `//evil.example`, `/\evil.example` and full addresses
/// lead elsewhere.
pub fn local_path(path: &str) -> Option<&str> {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 2_000
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    local.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_local_paths_are_followed() {
        for path in ["/", "/account", "/account/security?done=password#x", "/s/contoso/login"] {
            assert_eq!(local_path(path), Some(path));
        }
        for path in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: b=c",
            "javascript:alert(1)",
            "/ä",
        ] {
            assert_eq!(local_path(path), None, "{path:?}");
        }
    }
}
