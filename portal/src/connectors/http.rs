//! HTTP to downstream systems: one request, one answer, nowhere else.
//!
//! Addresses are looked at after the name was resolved and are the ones connected to. There are no
//! redirects and no proxies; answers have a longest time and a largest size.

use std::{error::Error as _, io, net::IpAddr};

use model::{
    connector::{Field, Reason},
    refusal::{FieldProblem, Problem},
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header::HeaderMap};

use super::{Outside, problem};
use crate::outbound::Unreachable;

/// Largest answer, in bytes: a list of some hundred thousand accounts.
const LARGEST: usize = 64 * 1024 * 1024;

/// Where a system is.
#[derive(Clone)]
pub(crate) struct Place {
    outside: Outside,
    base: Url,
}

/// What came back.
pub(crate) struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing was sent.
    NotSent(Reason),
    /// Something was, and may have been heard.
    Unheard(Reason),
}

impl Silence {
    /// Why, whether or not something was sent.
    pub fn reason(self) -> Reason {
        match self {
            Self::NotSent(reason) | Self::Unheard(reason) => reason,
        }
    }
}

impl Place {
    /// Where an address leads: `https://`, or `http://` to this very machine.
    pub fn parse(text: &str, outside: &Outside) -> Result<Self, FieldProblem> {
        let refused = |what| problem(Field::Address, what);
        let mut base = Url::parse(text.trim()).map_err(|_| refused(Problem::NotAnAddress))?;
        let host = base.host_str().ok_or_else(|| refused(Problem::NotAnAddress))?;
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        match base.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(refused(Problem::PlainToThisMachineOnly)),
            _ => return Err(refused(Problem::NotAnAddress)),
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refused(Problem::NotAnAddress));
        }
        if address.is_some_and(|address| !outside.outbound.allows(address)) {
            return Err(refused(Problem::HostNotAllowed));
        }
        base.set_fragment(None);
        Ok(Self { outside: outside.clone(), base })
    }

    /// The address itself.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A path below the address, whether or not that ends with a slash.
    pub fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        url
    }

    /// Sends what `ask` makes of a client and waits for the answer.
    pub async fn send(
        &self,
        ask: impl FnOnce(&Client) -> RequestBuilder + Send,
    ) -> Result<Answer, Silence> {
        let client = self.client().await.map_err(Silence::NotSent)?;
        let response = ask(&client).send().await.map_err(|error| silence(&error))?;
        read(response).await
    }

    /// Sends what `ask` makes of a client and waits for the beginning of an answer: what it says in
    /// its body is nothing to us.
    pub async fn knock(
        &self,
        ask: impl FnOnce(&Client) -> RequestBuilder + Send,
    ) -> Result<(StatusCode, HeaderMap), Silence> {
        let client = self.client().await.map_err(Silence::NotSent)?;
        let response = ask(&client).send().await.map_err(|error| silence(&error))?;
        Ok((response.status(), response.headers().clone()))
    }

    /// A client that connects to the addresses which were looked at, and to none besides.
    async fn client(&self) -> Result<Client, Reason> {
        let host = self.base.host_str().ok_or(Reason::Unreachable)?;
        let port = self.base.port_or_known_default().ok_or(Reason::Unreachable)?;
        let name = host.trim_matches(['[', ']']);
        let patience = self.outside.patience;
        let resolving = self.outside.outbound.resolve(name, port);
        let found = tokio::time::timeout(patience.connect, resolving).await;
        let addresses = match found {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(Unreachable::NotAllowed)) => return Err(Reason::AddressNotAllowed),
            Ok(Err(Unreachable::NotResolved)) | Err(_) => return Err(Reason::Unreachable),
        };
        Client::builder()
            .tls_backend_preconfigured(rustls::ClientConfig::clone(&self.outside.tls))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("Rekey/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .timeout(patience.whole)
            .pool_max_idle_per_host(0)
            .resolve_to_addrs(host, &addresses)
            .build()
            .map_err(|error| {
                tracing::error!(error = format!("{error:#}"), "no client for HTTP can be made");
                Reason::Unreachable
            })
    }
}

async fn read(mut response: Response) -> Result<Answer, Silence> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unheard(&error))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Silence::Unheard(Reason::BadAnswer));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// Nothing was sent where there was no connection to send it through.
fn silence(error: &reqwest::Error) -> Silence {
    if error.is_builder() || error.is_connect() {
        Silence::NotSent(if is_about_tls(error) {
            Reason::CertificateNotTrusted
        } else {
            Reason::Unreachable
        })
    } else {
        unheard(error)
    }
}

fn unheard(error: &reqwest::Error) -> Silence {
    Silence::Unheard(if error.is_decode() { Reason::BadAnswer } else { Reason::NoAnswer })
}

fn is_about_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // Asked for its source, an error of input or output passes over what it wraps.
        cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
