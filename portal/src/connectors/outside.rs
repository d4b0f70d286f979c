//! What connectors need of the world: where they may connect to, whom they trust there, what time it
//! is.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    clock::{Clock, Randomness},
    outbound::Outbound,
};

/// Where connectors may connect to, whom they trust there, what time it is. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outside {
    /// Which addresses.
    pub outbound: Outbound,
    /// TLS 1.2 or newer, with certificates of the system's authorities or of the settings'.
    pub tls: Arc<ClientConfig>,
    /// How long they wait.
    pub patience: Patience,
    /// The time that messages bear.
    pub clock: Clock,
    /// Where ids of messages come from.
    pub random: Randomness,
}

/// How long connectors wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// For a request and its answer together.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), whole: Duration::from_secs(15) }
    }
}

impl Outside {
    /// Trusts the system's authorities, and those in a file; has the system's time and randomness.
    pub fn new(outbound: Outbound, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        // What the system has and nobody can read is left out, as everywhere.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            let named = || format!("outgoing_ca_file = {}", path.display());
            let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect)
                .with_context(|| format!("{} cannot be read", named()))?;
            ensure!(!certificates.is_empty(), "{} holds no certificate in PEM form", named());
            for certificate in certificates {
                roots
                    .add(certificate)
                    .with_context(|| format!("{} holds a certificate that is none", named()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS for downstream systems")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            outbound,
            tls: Arc::new(tls),
            patience: Patience::default(),
            clock: Clock::System,
            random: Randomness::System,
        })
    }
}
