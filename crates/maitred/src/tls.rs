//! Encryption: the server's certificate, which can be exchanged while it runs, and whom `tail` trusts. The one file that
//! knows the TLS library. It never falls back to an older version or to none.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
        client::{
            WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
            verify_server_name,
        },
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem, pem::PemObject},
        server::ParsedCertificate,
        version::{TLS12, TLS13},
    },
    server::TlsStream,
};

/// The protocols that are spoken, the better one first.
const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// What is spoken inside, as the client is told during the handshake (ALPN, RFC 7301).
const HTTP_1_1: &[u8] = b"http/1.1";

/// A server's certificate and key, and the files that they come from.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    /// For new connections; those that are open keep what they began with.
    current: RwLock<Arc<ServerConfig>>,
}

/// What is wrong with a file.
#[derive(Debug)]
pub struct TlsError {
    file: PathBuf,
    what: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}

impl std::error::Error for TlsError {}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("certificate", &self.certificate).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate, with those that vouch for it after it, and its private key, both in PEM.
    ///
    /// # Errors
    /// If one of the files can't be read or is no such thing, or if the key is another certificate's.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let current = RwLock::new(read(&certificate, &key)?);
        Ok(Self { certificate, key, current })
    }

    /// Reads both files again, for connections that begin from now on.
    ///
    /// # Errors
    /// As [`Self::load`]; what was there before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.certificate, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Shakes hands with a client.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(current).accept(stream).await
    }
}

/// How a client verifies servers: by the certificate authorities in a file, in PEM, a server's own certificate among them;
/// or by those that the machine trusts.
///
/// # Errors
/// If the file can't be read or has none, or if the machine trusts nobody.
pub fn client(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let (mut roots, mut known) = (RootCertStore::empty(), Vec::new());
    match authorities {
        Some(file) => {
            known = certificates(file)?;
            let wrong = |error| TlsError { file: file.to_owned(), what: format!("a certificate is no good: {error}") };
            known.iter().try_for_each(|certificate| roots.add(certificate.clone())).map_err(wrong)?;
        }
        None => {
            // Some machines have ancient ones among them that can't be read; the others count all the same.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let what = "this machine trusts no certificate authority; name one with --ca".to_owned();
                return Err(TlsError { file: "certificates".into(), what });
            }
        }
    }
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let authorities = authorities.build().expect("there are authorities, and no revocations that could be wrong");
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&VERSIONS)
        .expect("the provider speaks both versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trust { authorities, known }))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whom a client trusts: authorities, and what they vouch for.
#[derive(Debug)]
struct Trust {
    authorities: Arc<WebPkiServerVerifier>,
    /// Certificates that are good in themselves, if they are in time and of the right name.
    known: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.authorities.verify_server_cert(server, chain, name, ocsp, now) {
            // `openssl req -x509` makes certificates that call themselves an authority, and no server's may.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) if self.known.contains(server) => {
                verify_server_name(&ParsedCertificate::try_from(server)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls12_signature(message, server, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls13_signature(message, server, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(certificate)?;
    let secret = private_key(key)?;
    let wrong = |error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError {
            file: key.to_owned(),
            what: format!("is not the key of the certificate in {}", certificate.display()),
        },
        error @ rustls::Error::InvalidCertificate(_) => {
            TlsError { file: certificate.to_owned(), what: format!("the certificate is no good: {error}") }
        }
        error => {
            TlsError { file: key.to_owned(), what: format!("the key is of no use with this certificate: {error}") }
        }
    };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&VERSIONS)
        .expect("the provider speaks both versions")
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(wrong)?;
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |what| TlsError { file: file.to_owned(), what };
    let bytes = fs::read(file).map_err(|error| wrong(format!("can't be read: {error}")))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => {
            Err(wrong("has no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned()))
        }
        Ok(chain) => Ok(chain),
        Err(error) => Err(wrong(format!("is broken: {error}"))),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let wrong = |what| TlsError { file: file.to_owned(), what };
    let bytes = fs::read(file).map_err(|error| wrong(format!("can't be read: {error}")))?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound if bytes.windows(9).any(|window| window == b"ENCRYPTED") => {
            wrong("the key is encrypted, and nobody is there to give the password; store it without one".to_owned())
        }
        pem::Error::NoItemsFound => wrong("has no private key in PEM (-----BEGIN PRIVATE KEY-----)".to_owned()),
        error => wrong(format!("is broken: {error}")),
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
