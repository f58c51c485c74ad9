//! The server's side of TLS.

use super::authority::Authority;
use super::peer;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use std::sync::Arc;

/// What a listener does about client certificates.
#[derive(Clone, Copy, Debug)]
pub enum ClientCertificates<'a> {
    /// It does not ask: right for browsers, which would otherwise show a certificate chooser.
    NotRequested,
    /// It asks, and goes on without one. The request names the sandbox's own authorities and those in `foreign` (DER) as
    /// acceptable, so that clients with several certificates choose the right one, and browsers with none of them stay
    /// quiet. Any certificate that is shown all the same is let through to the judgement per request.
    Requested {
        /// Certificates of other authorities whose clients are welcome.
        foreign: &'a [CertificateDer<'static>],
    },
}

impl Authority {
    /// TLS 1.2 and 1.3 with the server certificate, offering HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// When a certificate in `foreign` cannot be read, or the crypto library does not know the server's key.
    pub fn server_config(&self, clients: ClientCertificates<'_>) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match clients {
            ClientCertificates::NotRequested => builder.with_no_client_auth(),
            ClientCertificates::Requested { foreign } => {
                let own = [self.intermediate().certificate.clone(), self.root().clone()];
                builder.with_client_cert_verifier(Arc::new(Possession::new(&provider, own.iter().chain(foreign))?))
            }
        };
        let mut config = builder.with_single_cert(self.server_chain(), self.server_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Accepts every certificate whose private key signs the handshake.
#[derive(Debug)]
struct Possession {
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Possession {
    fn new<'a>(
        provider: &CryptoProvider,
        authorities: impl Iterator<Item = &'a CertificateDer<'static>>,
    ) -> Result<Possession, rustls::Error> {
        let hint = |authority: &CertificateDer<'static>| {
            let certificate = peer::parse(authority).map_err(|error| rustls::Error::General(error.to_string()))?;
            Ok(DistinguishedName::from(certificate.subject().as_raw().to_vec()))
        };
        let hints = authorities.map(hint).collect::<Result<_, rustls::Error>>()?;
        Ok(Possession { hints, algorithms: provider.signature_verification_algorithms })
    }
}

impl ClientCertVerifier for Possession {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        // Chain, dates and purpose are judged per request; the signature below is what proves something here.
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
