//! What lies between Rekey and a directory, and breaks when it is told to: it ends the encryption
//! of both sides, and so sees each message.

use std::{fs, sync::Arc};

use rustls::{
    ClientConfig, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncWriteExt, split},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::AbortHandle,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{super::ber, slapd::Slapd};

/// Requests, by their tags (RFC 4511, 4).
pub(super) const BIND: u8 = 0x60;
pub(super) const SEARCH: u8 = 0x63;
pub(super) const EXTENDED: u8 = 0x77;

/// What happens to the first request of a kind.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// It does not arrive, and the connection ends.
    CutBefore,
    /// It is answered, but the connection ends before the answer arrives.
    CutAfter,
    /// It is answered, and no answer arrives any more.
    Keep,
    /// Something else is answered.
    Say(Vec<u8>),
}

/// A proxy that listens.
pub(super) struct Proxy {
    pub port: u16,
    /// Told when the trouble has begun.
    pub begun: Arc<Notify>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Listens before a directory, and lets trouble come over one kind of request.
    pub async fn start(server: &Slapd, tls: &Arc<ClientConfig>, at: u8, trouble: Trouble) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = acceptor(server);
        let connector = TlsConnector::from(Arc::clone(tls));
        let (begun, upstream) = (Arc::new(Notify::new()), server.tls_port);
        let told = Arc::clone(&begun);
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, connector) = (acceptor.clone(), connector.clone());
                let (told, trouble) = (Arc::clone(&told), trouble.clone());
                tokio::spawn(async move {
                    let near = acceptor.accept(tcp).await.unwrap();
                    let far = TcpStream::connect(("127.0.0.1", upstream)).await.unwrap();
                    let name = "localhost".try_into().unwrap();
                    let far = connector.connect(name, far).await.unwrap();
                    pass(near, far, at, trouble, &told).await;
                });
            }
        });
        Self { port, begun, accepting: accepting.abort_handle() }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes messages on, until trouble comes.
async fn pass<N, F>(near: N, far: F, at: u8, trouble: Trouble, begun: &Notify)
where
    N: tokio::io::AsyncRead + tokio::io::AsyncWrite,
    F: tokio::io::AsyncRead + tokio::io::AsyncWrite,
{
    let (mut requests, mut replies) = split(near);
    let (mut answers, mut asked) = split(far);
    let mut mute = false;
    loop {
        tokio::select! {
            request = ber::message(&mut requests) => {
                let Ok(Some((request, _))) = request else { return };
                let troubled = kind(&request) == at;
                if troubled && matches!(trouble, Trouble::CutBefore) {
                    begun.notify_one();
                    return;
                }
                if let (true, Trouble::Say(answer)) = (troubled, &trouble) {
                    replies.write_all(answer).await.unwrap();
                    replies.flush().await.unwrap();
                    begun.notify_one();
                    continue;
                }
                asked.write_all(&request).await.unwrap();
                asked.flush().await.unwrap();
                if troubled {
                    ber::message(&mut answers).await.unwrap();
                    begun.notify_one();
                    if matches!(trouble, Trouble::CutAfter) {
                        return;
                    }
                    mute = true;
                }
            }
            answer = ber::message(&mut answers) => {
                let Ok(Some((answer, _))) = answer else { return };
                if mute {
                    continue;
                }
                replies.write_all(&answer).await.unwrap();
                replies.flush().await.unwrap();
            }
        }
    }
}

/// The tag of what is asked for: it stands after the number of the message.
fn kind(message: &[u8]) -> u8 {
    let (_, content, _) = ber::element(message).unwrap();
    let (_, _number, rest) = ber::element(content).unwrap();
    rest[0]
}

fn acceptor(server: &Slapd) -> TlsAcceptor {
    let folder = server.ca_file().parent().unwrap().to_owned();
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = fs::read(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from_pem_slice(&key).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
