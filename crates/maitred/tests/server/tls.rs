//! Encrypted connections: HTTP and sockets over TLS, certificates that are exchanged, and handshakes that come to nothing.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use maitred::{config::Config, tls::Tls};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ProtocolVersion, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::TLS12,
    },
};
use tokio_tungstenite::MaybeTlsStream;

use crate::{
    common::{Device, Http, PATIENCE, RESTAURANT, TestServer, guest},
    program::{Program, Serving, folder},
};

const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// Makes a new certificate and its key for this machine, in a folder; returns the certificate.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    fs::write(folder.join(CERTIFICATE), made.cert.pem()).expect("a file");
    fs::write(folder.join(KEY), made.signing_key.serialize_pem()).expect("a file");
    made.cert.der().clone()
}

/// A server with a certificate of its own, which is in the folder.
async fn encrypted(change: impl FnOnce(&mut Config)) -> (TestServer, TempDir) {
    let (folder, _) = folder();
    certify(folder.path());
    let tls = Tls::load(folder.path().join(CERTIFICATE), folder.path().join(KEY)).expect("a certificate");
    let server = TestServer::start_with(|config| {
        config.tls = Some(Arc::new(tls));
        change(config);
    });
    (server.await, folder)
}

/// Trusts the certificate in a folder.
fn trusting(folder: &Path) -> Arc<ClientConfig> {
    maitred::tls::client(Some(&folder.join(CERTIFICATE))).expect("a certificate")
}

async fn shake_hands(stream: TcpStream, config: Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").expect("a name");
    timeout(PATIENCE, TlsConnector::from(config).connect(name, stream)).await.expect("in time")
}

async fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    shake_hands(stream, config).await.expect("a handshake")
}

/// A device in [`RESTAURANT`] whose own buffer is small.
async fn device(address: SocketAddr, config: Arc<ClientConfig>) -> Device {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
    let stream = socket.connect(address).await.expect("a connection");
    let stream = MaybeTlsStream::Rustls(shake_hands(stream, config).await.expect("a handshake"));
    let mut device = Device::over_any(stream, &format!("?restaurant_id={RESTAURANT}")).await;
    device.expect("restaurant_connect").await;
    device
}

#[tokio::test]
async fn http_and_sockets_are_the_same_over_tls() {
    let (server, folder) = encrypted(|_| {}).await;
    let trust = trusting(folder.path());
    let mut reading = device(server.address, Arc::clone(&trust)).await;
    let mut late = device(server.address, Arc::clone(&trust)).await;
    let mut http = Http::over(connect(server.address, trust).await).await;
    let answer = http.get("/healthz").await;
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"));
    http.add_guest("g", 2).await;
    reading.expect("guest_created").await;
    // More than the system, the library and the peer hold between them, so that the server writes as the device reads.
    for number in 2..=300 {
        let notes = format!("{number} {}", "🍽".repeat(1_900));
        http.patch(&guest("g"), json!({ "notes": notes })).await.ok();
        assert_eq!(reading.expect("guest_updated").await["seq"], number);
    }
    late.expect("guest_created").await;
    let mut last = 1;
    while last < 300 {
        let message = late.next().await;
        let seq = message["seq"].as_u64().expect("a number");
        assert!(seq == last + 1 || message["type"] == "snapshot", "{seq} after {last}");
        last = seq;
    }
    reading.expect_silence().await;
    late.expect_silence().await;
    let mut server = server;
    server.stop();
    for device in [&mut reading, &mut late] {
        assert_eq!(device.expect_bye("shutting_down").await, 1001);
    }
    server.stopped().await;
}

#[tokio::test]
async fn tls_1_3_and_1_2_are_spoken_and_http_1_1_inside() {
    let (server, folder) = encrypted(|_| {}).await;
    let certificate = CertificateDer::from_pem_file(folder.path().join(CERTIFICATE)).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let old = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2")
        .with_root_certificates(roots)
        .with_no_client_auth();
    for (mut config, version) in
        [(old, ProtocolVersion::TLSv1_2), ((*trusting(folder.path())).clone(), ProtocolVersion::TLSv1_3)]
    {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = connect(server.address, Arc::new(config)).await;
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        Http::over(stream).await.get("/healthz").await.ok();
    }
}

#[tokio::test]
async fn what_is_no_handshake_costs_nobody_else_anything() {
    let (server, folder) = encrypted(|config| config.limits.tls_timeout = Duration::from_millis(300)).await;
    let trust = trusting(folder.path());
    // A few say nothing, a few stop in the middle of their first word.
    let mut dawdlers = Vec::new();
    for said in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"].iter().cycle().take(60) {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(said).await.expect("a server that listens");
        dawdlers.push(stream);
    }
    // Plain HTTP is no handshake either: there is no answer that it could read, but an end.
    for plain in [&b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"[..], b"hello"] {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(plain).await.expect("a server that listens");
        let mut answer = Vec::new();
        _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end in time");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    Http::over(connect(server.address, Arc::clone(&trust)).await).await.add_guest("g", 2).await;
    for mut stream in dawdlers {
        let mut answer = Vec::new();
        _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end in time");
    }
    // Nor does one hold up the end.
    let _dawdler = TcpStream::connect(server.address).await.expect("a connection");
    Http::over(connect(server.address, trust).await).await.get("/healthz").await.ok();
    server.stopped().await;
}

/// `maitred serve` with the certificate in its folder.
async fn serve(folder: &Path) -> Serving {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--restaurant", "bistro"];
    let encryption = ["--tls-cert", CERTIFICATE, "--tls-key", KEY];
    let serving = Serving::listening(Program::maitred(folder, &[&arguments[..], &encryption].concat())).await;
    assert!(serving.line.starts_with("maitred listens on https://127.0.0.1:"), "{}", serving.line);
    serving
}

/// The certificate that the server shows, to somebody who trusts it or not.
async fn shown(address: SocketAddr, trust: Arc<ClientConfig>) -> Option<CertificateDer<'static>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let stream = shake_hands(stream, trust).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.clone().into_owned())
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_sighup_and_a_broken_one_never() {
    let (folder, _) = folder();
    let first = certify(folder.path());
    let trust_first = trusting(folder.path());
    let mut serving = serve(folder.path()).await;
    let mut open = Http::over(connect(serving.address, Arc::clone(&trust_first)).await).await;
    open.get("/healthz").await.ok();
    assert_eq!(shown(serving.address, Arc::clone(&trust_first)).await, Some(first));

    let second = certify(folder.path());
    let trust_second = trusting(folder.path());
    serving.program.signal("HUP");
    serving.program.complaint("read the certificate again").await;
    assert_eq!(shown(serving.address, Arc::clone(&trust_second)).await, Some(second.clone()));
    assert_eq!(shown(serving.address, trust_first).await, None, "the first is gone");
    open.get("/healthz").await.ok();

    fs::write(folder.path().join(CERTIFICATE), "to follow").expect("a file");
    serving.program.signal("HUP");
    let complaint = serving.program.complaint("could not read the certificate again").await;
    assert!(complaint.contains(CERTIFICATE) && complaint.contains("no certificate in PEM"), "{complaint}");
    assert_eq!(shown(serving.address, trust_second).await, Some(second));
    open.get("/healthz").await.ok();
    serving.program.signal("TERM");
    serving.program.ended().await.well();
}

#[tokio::test]
async fn serve_says_what_is_wrong_with_a_certificate_or_a_key() {
    let (folder, _) = folder();
    let elsewhere = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    certify(elsewhere.path());
    fs::copy(elsewhere.path().join(KEY), folder.path().join("other.pem")).expect("a copy");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(folder.path().join("encrypted.pem"), encrypted).expect("a file");
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    fs::write(folder.path().join("broken.pem"), broken).expect("a file");
    for (certificate, key, because) in [
        ("none.pem", KEY, ["none.pem", "can't be read", "--tls-cert"]),
        (CERTIFICATE, "none.pem", ["none.pem", "can't be read", "--tls-key"]),
        (KEY, KEY, [KEY, "no certificate in PEM", ""]),
        (CERTIFICATE, CERTIFICATE, [CERTIFICATE, "no private key in PEM", ""]),
        (CERTIFICATE, "other.pem", ["other.pem", "not the key of the certificate in cert.pem", ""]),
        (CERTIFICATE, "encrypted.pem", ["encrypted.pem", "is encrypted", "without one"]),
        ("broken.pem", KEY, ["broken.pem", "certificate is no good", ""]),
    ] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key];
        Program::maitred(folder.path(), &arguments).ended().await.badly(&because);
    }
    for (alone, missing) in [("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", alone, "cert.pem"];
        Program::maitred(folder.path(), &arguments).ended().await.badly(&[missing]);
    }
    assert!(!folder.path().join("maitred.db").exists(), "nothing else was begun");
}

#[tokio::test]
async fn tail_hears_over_tls_from_whom_it_is_told_to_trust_and_from_nobody_else() {
    let (folder, _) = folder();
    certify(folder.path());
    let serving = serve(folder.path()).await;
    let tail = |more: &[&str]| {
        Program::maitred(folder.path(), &[&["tail", "bistro", "--json", "--url", &serving.url()], more].concat())
    };
    let mut trusting_tail = tail(&["--ca", CERTIFICATE]);
    assert!(trusting_tail.line().await.is_some_and(|line| line.contains("restaurant_connect")));
    let mut http = Http::over(connect(serving.address, trusting(folder.path())).await).await;
    http.post("/restaurants/bistro/guests", json!({ "guestName": "Rivera", "partySize": 2 })).await.ok();
    assert!(trusting_tail.line().await.is_some_and(|line| line.contains("guest_created")));
    let elsewhere = tempfile::tempdir().expect("a folder");
    certify(elsewhere.path());
    let other = elsewhere.path().join(CERTIFICATE);
    tail(&["--ca", other.to_str().expect("a path")]).complaint("not trusted here; see --ca").await;
    tail(&["--ca", "none.pem"]).ended().await.badly(&["none.pem", "can't be read"]);
}

#[tokio::test]
async fn a_certificate_that_calls_itself_an_authority_is_trusted_by_whom_it_is_named_to_and_for_its_name_only() {
    let (folder, _) = folder();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    fs::write(folder.path().join(CERTIFICATE), certificate.pem()).expect("a file");
    fs::write(folder.path().join(KEY), key.serialize_pem()).expect("a file");
    let serving = serve(folder.path()).await;
    let trust = trusting(folder.path());
    let elsewhere = tempfile::tempdir().expect("a folder");
    certify(elsewhere.path());
    assert!(shown(serving.address, Arc::clone(&trust)).await.is_some());
    assert_eq!(shown(serving.address, trusting(elsewhere.path())).await, None, "not who trusts another");
    let stream = TcpStream::connect(serving.address).await.expect("a connection");
    let name = ServerName::try_from("maitred.test").expect("a name");
    let wrong = timeout(PATIENCE, TlsConnector::from(trust).connect(name, stream)).await.expect("in time");
    assert!(wrong.is_err_and(|error| error.to_string().contains("maitred.test")), "nor under another name");
}
