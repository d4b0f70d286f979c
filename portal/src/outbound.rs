//! Where this server connects to when an organization says so: nowhere inside.
//!
//! Whoever may name a host could otherwise reach what only this machine or its network reaches.
//! Addresses are looked at after the name was resolved, and the connection goes to the very address
//! that was looked at: a name that resolves to something else a moment later gains nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;

/// The addresses that organizations may have this server connect to: public ones, and those the
/// operator allows besides.
#[derive(Debug, Clone, Default)]
pub struct Outbound(Arc<[IpNet]>);

/// Why there is no address to connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// The name has none.
    NotResolved,
    /// Every one is inside.
    NotAllowed,
}

impl Outbound {
    /// Allows what is public, and these networks.
    pub fn allowing(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether an address may be connected to.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }

    /// The addresses of a host that may be connected to.
    pub(crate) async fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Unreachable> {
        let mut found = resolve(host, port).await?;
        found.retain(|address| self.allows(address.ip()));
        if found.is_empty() { Err(Unreachable::NotAllowed) } else { Ok(found) }
    }
}

/// The addresses of a host.
pub(crate) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Unreachable> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| Unreachable::NotResolved)?.collect();
    if found.is_empty() { Err(Unreachable::NotResolved) } else { Ok(found) }
}

/// Whether an address belongs to the public internet (the registries of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // Also broadcast.
        || a >= 224
        // Shared by carriers (RFC 6598), protocols (RFC 6890), benchmarks (RFC 2544).
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    // What stands for an address of version 4 is what that one is.
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Translated (RFC 6052), and tunnelled (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Tunnelled (RFC 4380), documentation (RFC 3849), benchmarks (RFC 5180) and the like.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // The one block that is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_not_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert!(!Outbound::default().allows(address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "203.0.114.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert!(Outbound::default().allows(address), "{address}");
        }
    }

    #[test]
    fn the_operator_may_allow_more() {
        let networks = ["10.1.0.0/16", "::1/128"].map(|text| text.parse().expect("a network"));
        let outbound = Outbound::allowing(&networks);
        let allows = |text: &str| outbound.allows(text.parse().expect("an address"));
        assert!(allows("10.1.2.3") && allows("::1") && allows("::ffff:10.1.2.3"));
        assert!(!allows("10.2.0.1") && !allows("127.0.0.1"));
    }

    #[tokio::test]
    async fn names_are_looked_at_after_they_were_resolved() {
        let nothing = Outbound::default();
        assert_eq!(nothing.resolve("localhost", 25).await, Err(Unreachable::NotAllowed));
        assert_eq!(nothing.resolve("127.0.0.1", 25).await, Err(Unreachable::NotAllowed));
        assert_eq!(nothing.resolve("::1", 25).await, Err(Unreachable::NotAllowed));
        let missing = nothing.resolve("nowhere.invalid", 25).await;
        assert_eq!(missing, Err(Unreachable::NotResolved));
        let networks = ["127.0.0.0/8", "::1/128"].map(|text| text.parse().expect("a network"));
        let found = Outbound::allowing(&networks).resolve("localhost", 25).await.expect("here");
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 25));
    }
}
