//! Where a directory is, and the way there: a connection that is encrypted before anything is said,
//! to an address that was looked at.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use model::{
    connector::{Field, Reason},
    refusal::{FieldProblem, Problem},
};
use reqwest::Url;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use super::ber;
use crate::{
    connectors::{Outside, problem},
    outbound::Unreachable,
};

/// The request for TLS (RFC 4511, 4.14.1), as message 1.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Where a directory is.
#[derive(Clone)]
pub(super) struct Place {
    outside: Outside,
    host: String,
    port: u16,
    /// What its certificate must say.
    name: ServerName<'static>,
    security: Security,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// From its first byte.
    Tls,
    /// After asking for it, before anything else is asked.
    StartTls,
    /// Not at all: to this very machine.
    Plain,
}

impl Place {
    /// Where an address leads: `ldaps://host`, `ldap://host`, which is encrypted, too, or
    /// `ldap+plain://localhost`, which is not.
    pub fn parse(text: &str, outside: &Outside) -> Result<Self, FieldProblem> {
        let refused = |what| problem(Field::Address, what);
        let not_a_directory = || refused(Problem::NotADirectory);
        let url = Url::parse(text.trim()).map_err(|_| not_a_directory())?;
        let (security, usual) = match url.scheme() {
            "ldaps" => (Security::Tls, 636),
            "ldap" => (Security::StartTls, 389),
            "ldap+plain" => (Security::Plain, 389),
            _ => return Err(not_a_directory()),
        };
        let whole = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        if !whole {
            return Err(not_a_directory());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
        let name = ServerName::try_from(host.clone()).map_err(|_| not_a_directory())?;
        let address: Option<IpAddr> = host.parse().ok();
        let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        if security == Security::Plain && !here {
            return Err(refused(Problem::PlainToThisMachineOnly));
        }
        if address.is_some_and(|address| !outside.outbound.allows(address)) {
            return Err(refused(Problem::HostNotAllowed));
        }
        let port = url.port().unwrap_or(usual);
        Ok(Self { outside: outside.clone(), host, port, name, security })
    }

    /// A connection whose answers cost no more than `budget`, within a time.
    pub async fn open(&self, budget: usize, within: Duration) -> Result<UnixStream, Reason> {
        let opened = tokio::time::timeout(within, self.reach(budget)).await;
        opened.unwrap_or(Err(Reason::Unreachable))
    }

    async fn reach(&self, budget: usize) -> Result<UnixStream, Reason> {
        let mut tcp = self.connect().await?;
        if self.security == Security::StartTls {
            start_tls(&mut tcp).await?;
        }
        let ours = if self.security == Security::Plain {
            relay(tcp, budget)
        } else {
            let connector = TlsConnector::from(Arc::clone(&self.outside.tls));
            let tls = connector.connect(self.name.clone(), tcp).await;
            relay(tls.map_err(|error| of_tls(&error))?, budget)
        };
        ours.map_err(|error| {
            tracing::error!(%error, "no pair of sockets can be made");
            Reason::Unreachable
        })
    }

    async fn connect(&self) -> Result<TcpStream, Reason> {
        let found = self.outside.outbound.resolve(&self.host, self.port).await;
        let mut addresses = found.map_err(|error| match error {
            Unreachable::NotAllowed => Reason::AddressNotAllowed,
            Unreachable::NotResolved => Reason::Unreachable,
        })?;
        if self.security == Security::Plain {
            addresses.retain(|address| address.ip().is_loopback());
        }
        TcpStream::connect(&addresses[..]).await.map_err(|_| Reason::Unreachable)
    }
}

/// Asks for TLS. Of what the server says without it, nothing is left for what follows.
async fn start_tls(tcp: &mut TcpStream) -> Result<(), Reason> {
    tcp.write_all(START_TLS).await.map_err(|_| Reason::Unreachable)?;
    let (answer, _) = match ber::message(tcp).await {
        Ok(Some(answer)) => answer,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(Reason::BadAnswer),
        Ok(None) | Err(_) => return Err(Reason::Unreachable),
    };
    // A message: its number, and an answer (ExtendedResponse) that begins with a result.
    let result = ber::element(&answer)
        .and_then(|(_, message, _)| ber::element(message))
        .filter(|(tag, number, _)| *tag == 0x02 && *number == [1])
        .and_then(|(_, _, rest)| ber::element(rest))
        .filter(|(tag, _, _)| *tag == 0x78)
        .and_then(|(_, answer, _)| ber::element(answer))
        .filter(|(tag, _, _)| *tag == 0x0a);
    match result {
        Some((_, [0], _)) => Ok(()),
        Some(_) => Err(Reason::NotEncrypted),
        None => Err(Reason::BadAnswer),
    }
}

/// What a failed beginning of TLS says.
fn of_tls(error: &io::Error) -> Reason {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Reason::CertificateNotTrusted
        }
        Some(_) => Reason::NotEncrypted,
        None => Reason::Unreachable,
    }
}

/// The library's end of a connection: what it says goes out as it is, what comes back reaches it
/// only in whole and sound messages, and ends when it has cost all of `budget`.
fn relay<S>(stream: S, mut budget: usize) -> io::Result<UnixStream>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (ours, theirs) = UnixStream::pair()?;
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(stream);
        let (mut requests, mut answers) = theirs.into_split();
        let back = async {
            while let Ok(Some((message, cost))) = ber::message(&mut from).await {
                let Some(rest) = budget.checked_sub(cost) else { break };
                budget = rest;
                if answers.write_all(&message).await.is_err() {
                    break;
                }
            }
        };
        // Whichever side ends first ends the other.
        tokio::select! {
            _ = tokio::io::copy(&mut requests, &mut to) => {}
            () = back => {}
        }
    });
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Outbound;

    fn parsed(text: &str) -> Result<(String, u16, Security), Problem> {
        let networks = ["127.0.0.0/8", "::1/128"].map(|text| text.parse().expect("a network"));
        let outside = Outside::new(Outbound::allowing(&networks), None).expect("an outside");
        match Place::parse(text, &outside) {
            Ok(place) => Ok((place.host, place.port, place.security)),
            Err(error) => {
                assert_eq!(error.field, "address");
                Err(error.problem)
            }
        }
    }

    #[test]
    fn an_address_says_how_its_connection_is_encrypted() {
        for (text, host, port, security) in [
            ("ldap://directory.acme.example", "directory.acme.example", 389, Security::StartTls),
            (" ldaps://DC1.acme.example/ ", "dc1.acme.example", 636, Security::Tls),
            ("ldap://127.0.0.1:3890", "127.0.0.1", 3890, Security::StartTls),
            ("ldaps://[::1]:6360", "::1", 6360, Security::Tls),
            ("ldap+plain://localhost", "localhost", 389, Security::Plain),
            ("ldap+plain://[::1]", "::1", 389, Security::Plain),
        ] {
            assert_eq!(parsed(text), Ok((host.into(), port, security)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_leads_inside_is_refused() {
        for text in [
            "",
            "directory.acme.example",
            "https://directory.acme.example",
            "ldap://",
            "ldap:///dc=acme",
            "ldap://user@directory.acme.example",
            "ldap://directory.acme.example/dc=acme,dc=example",
            "ldap://directory.acme.example?uid",
            "ldap://directory.acme.example#1",
            "ldap://two words.example",
            "ldapi://%2frun%2fslapd",
        ] {
            assert_eq!(parsed(text), Err(Problem::NotADirectory), "{text}");
        }
        for text in ["ldap://10.1.2.3", "ldaps://169.254.169.254", "ldaps://[fe80::1]"] {
            assert_eq!(parsed(text), Err(Problem::HostNotAllowed), "{text}");
        }
        for text in ["ldap+plain://directory.acme.example", "ldap+plain://10.1.2.3"] {
            assert_eq!(parsed(text), Err(Problem::PlainToThisMachineOnly), "{text}");
        }
    }

    #[tokio::test]
    async fn answers_end_when_they_have_cost_too_much() {
        use tokio::io::AsyncReadExt;

        let message = ber::tests::nested(3);
        let (_, cost) = ber::message(&mut &message[..]).await.unwrap().unwrap();
        let (near, mut far) = tokio::io::duplex(1_024);
        let mut ours = relay(near, 3 * cost - 1).unwrap();
        far.write_all(&message.repeat(5)).await.unwrap();
        let mut heard = Vec::new();
        ours.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, message.repeat(2));
    }
}
