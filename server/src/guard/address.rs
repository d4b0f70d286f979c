//! Who is asking: the client's network address.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The client's address: the peer's, unless the peer is a trusted proxy. Then it is what that
/// proxy says: of the chain in `X-Forwarded-For` or `Forwarded`, from the right, the first hop
/// that is not a trusted proxy itself. A client can write into these headers, but only to the left
/// of what our own proxies add.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let usual = last_untrusted(peer, forwarded_for(headers), trusted);
    let standard = last_untrusted(peer, forwarded(headers), trusted);
    match (usual, standard) {
        (Some(address), None) | (None, Some(address)) => address,
        (Some(a), Some(b)) if a == b => a,
        // The proxy adds to one of the two and passes the other on as the client wrote it; which
        // is which cannot be told, so neither is believed.
        _ => peer,
    }
}

/// Whether an address is one of our proxies'.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// `None` when there is no such header. A hop that is no address ends the walk at the proxy that
/// wrote it.
fn last_untrusted(peer: IpAddr, hops: Vec<Option<IpAddr>>, trusted: &[IpNet]) -> Option<IpAddr> {
    if hops.is_empty() {
        return None;
    }
    let mut last = peer;
    for hop in hops.into_iter().rev() {
        let Some(hop) = hop else { break };
        last = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    Some(last)
}

fn forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("x-forwarded-for").iter();
    lines.flat_map(|line| line.to_str().unwrap_or("?").split(',').map(address)).collect()
}

/// RFC 7239.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all("forwarded").iter();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").split(','));
    hops.map(|hop| {
        hop.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| address(value))?
        })
    })
    .collect()
}

/// An address as proxies write it: alone, with a port, in brackets, in quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()))
        .or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        const XFF: &str = "x-forwarded-for";
        for (peer, lines, client) in [
            // A stranger says what it likes.
            ("203.0.113.9", &[(XFF, "192.0.2.1")][..], "203.0.113.9"),
            ("203.0.113.9", &[("forwarded", "for=192.0.2.1")], "203.0.113.9"),
            // One proxy.
            ("10.0.0.1", &[(XFF, "192.0.2.1")], "192.0.2.1"),
            ("::ffff:10.0.0.1", &[(XFF, "::ffff:192.0.2.1")], "192.0.2.1"),
            ("::1", &[(XFF, "2001:db8::7")], "2001:db8::7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            // What the client wrote stands to the left.
            ("10.0.0.1", &[(XFF, "127.0.0.1, 192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "192.0.2.1")], "192.0.2.1"),
            // Several proxies of ours.
            ("10.0.0.1", &[(XFF, "198.51.100.1, 192.0.2.1, 10.9.9.9")], "192.0.2.1"),
            ("10.0.0.1", &[(XFF, "10.1.1.1, 10.9.9.9")], "10.1.1.1"),
            // Spellings.
            ("10.0.0.1", &[(XFF, "192.0.2.1:4711")], "192.0.2.1"),
            ("10.0.0.1", &[("forwarded", "for=192.0.2.1;proto=https;by=10.0.0.1")], "192.0.2.1"),
            ("10.0.0.1", &[("forwarded", "For=\"[2001:db8::7]:4711\"")], "2001:db8::7"),
            ("10.0.0.1", &[("forwarded", "proto=https;for=\"[2001:db8::7]\"")], "2001:db8::7"),
            // What cannot be read ends at the last address that can.
            ("10.0.0.1", &[(XFF, "192.0.2.1, unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "192.0.2.1, unknown, 10.9.9.9")], "10.9.9.9"),
            ("10.0.0.1", &[("forwarded", "for=192.0.2.1, for=_hidden")], "10.0.0.1"),
            ("10.0.0.1", &[("forwarded", "proto=https")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "")], "10.0.0.1"),
            // Both headers: one of them is the client's own, unless they agree.
            ("10.0.0.1", &[(XFF, "192.0.2.1"), ("forwarded", "for=192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(XFF, "192.0.2.1"), ("forwarded", "for=198.51.100.1")], "10.0.0.1"),
        ] {
            assert_eq!(asked(peer, lines), client, "{peer} {lines:?}");
        }
    }
}
