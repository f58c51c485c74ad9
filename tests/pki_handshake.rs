//! Real TLS handshakes over loopback: with and without a client certificate, with one of an unknown authority, and
//! with a key that is not the certificate's.

use kanta_phr_sandbox::pki::{
    Authority, CertificateKind, CertificateRequest, ClientCertificates, Defect, Issued, KeyType, Kind, PeerCertificate,
    Validity,
};
use kanta_phr_sandbox::time::{Clock, Random};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

struct Sandbox {
    authority: Authority,
    random: Random,
}

impl Sandbox {
    fn new() -> Sandbox {
        let random = Random::seeded(7);
        let authority = Authority::create(&["phr".to_owned()], Clock::system().now(), &random).unwrap();
        Sandbox { authority, random }
    }

    fn issue(&self, key_type: KeyType, defect: Option<Defect>) -> Issued {
        let request = CertificateRequest {
            kind: CertificateKind::Wellbeing,
            oid: Some("1.2.246.10.1234567.10.1".to_owned()),
            common_name: "app.example.fi".to_owned(),
            key_type,
            validity: Validity::from(Clock::system().now()),
            defect,
        };
        self.authority.issue(&request, &self.random).unwrap()
    }
}

/// Shows a certificate whatever the server asks for, and remembers whether and with which names it was asked.
#[derive(Debug)]
struct Shows {
    certificate: Option<Arc<CertifiedKey>>,
    asked: Mutex<Option<Vec<Vec<u8>>>>,
}

impl Shows {
    fn new(issued: Option<(&Issued, &str)>) -> Arc<Shows> {
        let certificate = issued.map(|(issued, key)| {
            let text = issued.certificate.clone() + &issued.chain;
            let chain = CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
            Arc::new(CertifiedKey::new(chain, key))
        });
        Arc::new(Shows { certificate, asked: Mutex::default() })
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.asked.lock().unwrap() = Some(hints.iter().map(|hint| hint.to_vec()).collect());
        self.certificate.clone()
    }
    fn has_certs(&self) -> bool {
        true
    }
}

struct Outcome {
    /// The certificate the server saw, or why the handshake failed.
    peer: Result<Option<Vec<u8>>, String>,
    protocol: Option<Vec<u8>>,
    was_asked_for: Option<Vec<Vec<u8>>>,
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

async fn connect(
    sandbox: &Sandbox,
    clients: ClientCertificates<'_>,
    client: Arc<Shows>,
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> Outcome {
    let acceptor = TlsAcceptor::from(Arc::new(sandbox.authority.server_config(clients).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.map_err(|error| error.to_string())?;
        let connection = stream.get_ref().1;
        let peer = connection.peer_certificates().map(|chain| chain[0].as_ref().to_vec());
        let protocol = connection.alpn_protocol().map(<[u8]>::to_vec);
        stream.write_all(b"hello").await.unwrap();
        stream.shutdown().await.unwrap();
        Ok::<_, String>((peer, protocol))
    });

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.authority.root_pem().as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(client.clone());
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let greeting = async {
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let mut greeting = Vec::new();
        stream.read_to_end(&mut greeting).await?;
        std::io::Result::Ok(greeting)
    };
    let greeting = greeting.await;
    let outcome = server.await.unwrap();
    if outcome.is_ok() {
        assert_eq!(greeting.unwrap(), b"hello");
    }
    let was_asked_for = client.asked.lock().unwrap().clone();
    match outcome {
        Ok((peer, protocol)) => Outcome { peer: Ok(peer), protocol, was_asked_for },
        Err(error) => Outcome { peer: Err(error), protocol: None, was_asked_for },
    }
}

#[tokio::test]
async fn every_name_of_the_server_is_trusted() {
    let sandbox = Sandbox::new();
    let names = [
        "localhost",
        "127.0.0.1",
        "::1",
        "host.docker.internal",
        "kanta-phr-sandbox",
        "fhirsandbox.kanta.fi",
        "fhirsandbox2.kanta.fi",
        "fhirsandbox2-auth.kanta.fi",
        "phr",
    ];
    for name in names {
        let outcome = connect(&sandbox, ClientCertificates::NotRequested, Shows::new(None), name, BOTH).await;
        assert_eq!(outcome.peer, Ok(None), "{name}");
        assert_eq!(outcome.protocol.as_deref(), Some(b"h2".as_slice()), "the server prefers HTTP/2");
        assert_eq!(outcome.was_asked_for, None, "a browser would show its chooser");
    }
    let outcome = connect(&sandbox, ClientCertificates::NotRequested, Shows::new(None), "other.test", BOTH).await;
    assert!(outcome.peer.is_err());
}

#[tokio::test]
async fn a_client_without_a_certificate_gets_through() {
    let sandbox = Sandbox::new();
    for version in BOTH {
        let clients = ClientCertificates::Requested { foreign: &[] };
        let outcome = connect(&sandbox, clients, Shows::new(None), "localhost", &[version]).await;
        assert_eq!(outcome.peer, Ok(None));
        assert_eq!(outcome.was_asked_for.unwrap().len(), 2, "the sandbox's own two authorities");
    }
}

#[tokio::test]
async fn a_client_certificate_reaches_the_server() {
    let sandbox = Sandbox::new();
    for key_type in [KeyType::EcP256, KeyType::EcP384, KeyType::Rsa2048] {
        let issued = sandbox.issue(key_type, None);
        for version in BOTH {
            let clients = ClientCertificates::Requested { foreign: &[] };
            let client = Shows::new(Some((&issued, &issued.key)));
            let outcome = connect(&sandbox, clients, client, "localhost", &[version]).await;
            let der = outcome.peer.unwrap().unwrap();
            let peer = PeerCertificate::read(&der).unwrap();
            assert_eq!(peer.serial, issued.serial);
            assert_eq!(peer.oid.as_deref(), Some("1.2.246.10.1234567.10.1"));
            assert_eq!(peer.kind, Kind::Wellbeing);
            assert!(sandbox.authority.issued_by_us(&der));
        }
    }
}

#[tokio::test]
async fn certificates_of_others_reach_the_server_too() {
    let sandbox = Sandbox::new();
    for defect in [Defect::SelfSigned, Defect::UnknownCa, Defect::WrongEku] {
        let issued = sandbox.issue(KeyType::EcP256, Some(defect));
        for version in BOTH {
            let clients = ClientCertificates::Requested { foreign: &[] };
            let client = Shows::new(Some((&issued, &issued.key)));
            let der = connect(&sandbox, clients, client, "localhost", &[version]).await.peer.unwrap().unwrap();
            assert_eq!(PeerCertificate::read(&der).unwrap().serial, issued.serial);
            assert_eq!(sandbox.authority.issued_by_us(&der), defect == Defect::WrongEku);
        }
    }
}

#[tokio::test]
async fn a_foreign_authority_is_named_in_the_request() {
    let sandbox = Sandbox::new();
    let issued = sandbox.issue(KeyType::EcP256, Some(Defect::UnknownCa));
    let foreign = [CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap()];
    let clients = ClientCertificates::Requested { foreign: &foreign };
    let outcome = connect(&sandbox, clients, Shows::new(None), "localhost", BOTH).await;
    assert_eq!(outcome.was_asked_for.unwrap().len(), 3);
    let broken = [CertificateDer::from(b"no certificate".to_vec())];
    assert!(sandbox.authority.server_config(ClientCertificates::Requested { foreign: &broken }).is_err());
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_proves_nothing() {
    let sandbox = Sandbox::new();
    let (issued, other) = (sandbox.issue(KeyType::EcP256, None), sandbox.issue(KeyType::EcP256, None));
    for version in BOTH {
        let clients = ClientCertificates::Requested { foreign: &[] };
        let client = Shows::new(Some((&issued, &other.key)));
        let outcome = connect(&sandbox, clients, client, "localhost", &[version]).await;
        assert!(outcome.peer.unwrap_err().contains("BadSignature"), "{version:?}");
    }
}
