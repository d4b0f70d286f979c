//! Where a request was made: what changes something passes only from our own pages.

use axum::http::{HeaderMap, Method, header};
use portal::config::Origin;

/// Whether a request may pass: it only reads, or it was made by a page of `origin`.
///
/// `Sec-Fetch-Site: same-origin` says so; a browser that does not send it yet says it by `Origin`.
/// A sibling site, a foreign or `null` origin, several answers and none are all refused.
pub fn may_pass(method: &Method, headers: &HeaderMap, origin: &Origin) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    let (expected, given) = if headers.contains_key("sec-fetch-site") {
        ("same-origin", headers.get_all("sec-fetch-site"))
    } else {
        (origin.as_str(), headers.get_all(header::ORIGIN))
    };
    let mut given = given.iter();
    given.next().is_some_and(|value| value.as_bytes() == expected.as_bytes())
        && given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_pass_only_from_our_own_pages() {
        const SITE: &str = "sec-fetch-site";
        let origin = "https://portal.example".parse().unwrap();
        for (lines, passes) in [
            (&[(SITE, "same-origin")][..], true),
            (&[(SITE, "same-origin"), ("origin", "https://portal.example")], true),
            (&[(SITE, "same-site")], false),
            (&[(SITE, "cross-site")], false),
            (&[(SITE, "none")], false),
            (&[(SITE, "")], false),
            (&[(SITE, "Same-Origin")], false),
            (&[(SITE, "same-origin"), (SITE, "cross-site")], false),
            (&[(SITE, "cross-site"), ("origin", "https://portal.example")], false),
            (&[("origin", "https://portal.example")], true),
            (&[("origin", "http://portal.example")], false),
            (&[("origin", "https://portal.example:8443")], false),
            (&[("origin", "https://portal.example.evil.example")], false),
            (&[("origin", "https://other.portal.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://portal.example"), ("origin", "https://portal.example")], false),
            (&[("referer", "https://portal.example/login")], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, value.parse().unwrap());
            }
            for method in
                [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
            {
                assert_eq!(may_pass(&method, &headers, &origin), passes, "{method} {lines:?}");
            }
            assert!(may_pass(&Method::GET, &headers, &origin));
            assert!(may_pass(&Method::HEAD, &headers, &origin));
        }
    }
}
