//! What a browser says about itself, for people.

use model::account::Device;

/// Longest `User-Agent` that is looked at or kept, in bytes.
pub(crate) const LONGEST_USER_AGENT: usize = 400;

/// Browser and system of a `User-Agent` header, as far as it says. What is no browser has neither.
pub(crate) fn describe(user_agent: &str) -> Device {
    let known = |text: &str| (!text.is_empty() && text != "UNKNOWN").then(|| text.to_owned());
    match woothee::parser::Parser::new().parse(shortened(user_agent)) {
        Some(result) if ["pc", "smartphone", "mobilephone"].contains(&result.category) => {
            // Browsers on Windows 11 say 10 as well, and nobody should wonder whose device that is.
            let system = if result.os == "Windows 10" { "Windows" } else { result.os };
            Device { browser: known(result.name), system: known(system) }
        }
        _ => Device::default(),
    }
}

/// The beginning of a `User-Agent` header that is long enough for anyone.
pub(crate) fn shortened(user_agent: &str) -> &str {
    let mut end = user_agent.len().min(LONGEST_USER_AGENT);
    while !user_agent.is_char_boundary(end) {
        end -= 1;
    }
    &user_agent[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_common_browsers_and_systems() {
        for (user_agent, browser, system) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Some("Firefox"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Some("Safari"),
                Some("iPhone"),
            ),
            ("curl/8", None, None),
            ("", None, None),
        ] {
            let device = describe(user_agent);
            assert_eq!(
                (device.browser.as_deref(), device.system.as_deref()),
                (browser, system),
                "{user_agent}"
            );
        }
        assert_eq!(shortened(&"ä".repeat(400)).len(), 400);
    }
}
