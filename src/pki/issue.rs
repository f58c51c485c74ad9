//! Certificates for applications under test.

use super::authority::{Authority, Issuing, ORGANISATION, blank_parameters};
use super::names::{Host, NameError, Oid, common_name};
use super::peer::{self, SERVER_UNIT, SOTE_UNIT, WELLBEING_UNIT};
use crate::time::Random;
use jiff::{SignedDuration, Timestamp};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    RsaKeySize, SanType,
};
use serde::{Deserialize, Serialize};

/// What a certificate is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// A citizen's wellbeing application: OID in Subject serialNumber, client authentication.
    Wellbeing,
    /// A SOTE provider's access point: OID in Subject serialNumber, client and server authentication.
    Sote,
    /// Any server, such as an application's own redirect target: server authentication.
    Server,
}

/// The kind and size of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyType {
    /// NIST P-256.
    #[default]
    #[serde(rename = "ec-p256")]
    EcP256,
    /// NIST P-384.
    #[serde(rename = "ec-p384")]
    EcP384,
    /// RSA of 2048 bits; takes about half a second to make.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA of 4096 bits; takes seconds to make.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

/// What is to be wrong with a certificate, for rehearsing refusals. An expired one is asked for by its [`Validity`];
/// a revoked one is revoked afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// No Subject serialNumber.
    NoOid,
    /// An extended key usage that does not fit: server authentication for a client and the other way round.
    WrongEku,
    /// Signed by its own key.
    SelfSigned,
    /// Issued by an authority that was made for this one certificate.
    UnknownCa,
}

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first instant, whole seconds.
    pub not_before: Timestamp,
    /// The last instant, whole seconds.
    pub not_after: Timestamp,
}

/// What to issue.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    /// For whom.
    pub kind: CertificateKind,
    /// The OID of the application or the access point; needed unless it is a server certificate.
    pub oid: Option<String>,
    /// The common name: the host name of the application's back end, or a name for people. A host name also becomes
    /// the subject alternative name.
    pub common_name: String,
    /// The key.
    pub key_type: KeyType,
    /// The validity.
    pub validity: Validity,
    /// What is to be wrong with it.
    pub defect: Option<Defect>,
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Issued {
    /// Its serial number, as in [`PeerCertificate::serial`](super::PeerCertificate::serial).
    pub serial: String,
    /// The certificate as PEM.
    pub certificate: String,
    /// The private key as PEM (PKCS#8).
    pub key: String,
    /// The certificates above it as PEM: what issued it, up to the root. Empty for a self-signed one.
    pub chain: String,
    /// Key, certificate and chain as PKCS#12 (AES-256 and HMAC-SHA-256: Java since 8u301, OpenSSL 3, .NET), under the
    /// alias `sandbox-test`.
    pub pkcs12: Vec<u8>,
    /// The password of the PKCS#12.
    pub pkcs12_password: String,
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A name that may not stand in a certificate.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An application's certificate without an OID.
    #[error("a certificate of this kind needs the OID of its application (or the defect no-oid)")]
    NoOid,
    /// It would end before it begins, or the dates are beyond what a certificate can hold.
    #[error("the validity from {0} to {1} is not one a certificate can have")]
    Validity(Timestamp, Timestamp),
    /// The crypto library failed.
    #[error("the certificate could not be made: {0}")]
    Crypto(String),
}

impl Validity {
    /// The longest validity of a service certificate since September 2020, in days.
    pub const DAYS: i64 = 365;

    /// A year from now on (and an hour back, for clocks that go slow).
    pub fn from(now: Timestamp) -> Validity {
        Validity::between(now, -SignedDuration::from_hours(1), SignedDuration::from_hours(24 * Validity::DAYS))
    }

    /// A year that ended yesterday.
    pub fn expired(now: Timestamp) -> Validity {
        let day = SignedDuration::from_hours(24);
        Validity::between(now, -day * (Validity::DAYS as i32 + 1), -day)
    }

    /// A year that begins tomorrow.
    pub fn not_yet(now: Timestamp) -> Validity {
        let day = SignedDuration::from_hours(24);
        Validity::between(now, day, day * (Validity::DAYS as i32 + 1))
    }

    fn between(now: Timestamp, from: SignedDuration, to: SignedDuration) -> Validity {
        // Out of the calendar's range only when the clock was moved there; the issuing then says so.
        let at = |by| now.checked_add(by).unwrap_or(now);
        Validity { not_before: at(from), not_after: at(to) }
    }

    fn check(self) -> Result<Validity, IssueError> {
        // Certificates know no years before 1950 or, as jiff, after 9999.
        let year = |instant: Timestamp| instant.to_zoned(jiff::tz::TimeZone::UTC).year();
        let is_sound = self.not_before < self.not_after && (1950..=9999).contains(&year(self.not_before));
        if is_sound { Ok(self) } else { Err(IssueError::Validity(self.not_before, self.not_after)) }
    }
}

impl Authority {
    /// Issues a certificate from the intermediate (unless a [`Defect`] says otherwise).
    ///
    /// Blocks while the key is made: microseconds for the curves, seconds for the largest RSA.
    pub fn issue(&self, request: &CertificateRequest, random: &Random) -> Result<Issued, IssueError> {
        let parameters = parameters(request, random)?;
        let key = make_key(request.key_type)?;
        let crypto = |error: rcgen::Error| IssueError::Crypto(error.to_string());
        let (certificate, above) = match request.defect {
            Some(Defect::SelfSigned) => (parameters.self_signed(&key).map_err(crypto)?, Vec::new()),
            Some(Defect::UnknownCa) => {
                let stranger = Issuing::stranger(request.validity, random).map_err(crypto)?;
                let certificate = parameters.signed_by(&key, &stranger.issuer).map_err(crypto)?;
                (certificate, vec![stranger.certificate])
            }
            _ => {
                let intermediate = self.intermediate();
                let certificate = parameters.signed_by(&key, &intermediate.issuer).map_err(crypto)?;
                (certificate, vec![intermediate.certificate.clone(), self.root().clone()])
            }
        };
        let read = peer::parse(certificate.der()).map_err(|error| IssueError::Crypto(error.to_string()))?;
        let pkcs12_password = random.alphanumeric(20);
        let whole = std::iter::once(certificate.der()).chain(&above);
        let pkcs12 = pkcs12(&key, whole.map(AsRef::as_ref), &pkcs12_password)
            .map_err(|error| IssueError::Crypto(error.to_string()))?;
        Ok(Issued {
            serial: peer::serial(&read),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            chain: above.iter().map(|der| super::files::certificate_pem(der)).collect(),
            pkcs12,
            pkcs12_password,
        })
    }
}

impl std::fmt::Debug for Issued {
    /// Without the secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issued").field("serial", &self.serial).finish_non_exhaustive()
    }
}

fn parameters(request: &CertificateRequest, random: &Random) -> Result<CertificateParams, IssueError> {
    let name = common_name(&request.common_name)?;
    let host = Host::parse(name);
    let oid = match (&request.oid, request.defect) {
        (_, Some(Defect::NoOid)) => None,
        (Some(oid), _) => Some(Oid::parse(oid)?),
        (None, _) if request.kind == CertificateKind::Server => None,
        (None, _) => return Err(IssueError::NoOid),
    };
    let validity = request.validity.check()?;
    let unit = match request.kind {
        CertificateKind::Wellbeing => WELLBEING_UNIT,
        CertificateKind::Sote => SOTE_UNIT,
        CertificateKind::Server => SERVER_UNIT,
    };
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, printable("FI")?);
    subject.push(DnType::OrganizationName, ORGANISATION);
    subject.push(DnType::OrganizationalUnitName, unit);
    subject.push(DnType::CommonName, name);
    if let Some(oid) = oid {
        // X.520 serialNumber, a PrintableString.
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 5]), printable(oid.as_str())?);
    }
    let subject_alt_names = match (host, request.kind) {
        // Since September 2023 server certificates are no longer issued for bare addresses.
        (Ok(Host::Address(_)), CertificateKind::Wellbeing | CertificateKind::Sote) => {
            return Err(NameError::Address(name.to_owned()).into());
        }
        (Ok(host), _) => vec![alternative_name(&host)?],
        (Err(error), CertificateKind::Server) => return Err(error.into()),
        (Err(_), _) => Vec::new(),
    };
    let (client, server) = (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
    let extended_key_usages = match (request.kind, request.defect == Some(Defect::WrongEku)) {
        (CertificateKind::Wellbeing, false) | (CertificateKind::Server, true) => vec![client],
        (CertificateKind::Sote, false) => vec![client, server],
        (CertificateKind::Server, false) | (CertificateKind::Wellbeing | CertificateKind::Sote, true) => vec![server],
    };
    let mut key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(request.key_type, KeyType::Rsa2048 | KeyType::Rsa4096) {
        key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    let mut parameters = blank_parameters(subject, validity, random);
    parameters.subject_alt_names = subject_alt_names;
    parameters.key_usages = key_usages;
    parameters.extended_key_usages = extended_key_usages;
    Ok(parameters)
}

pub(super) fn alternative_name(host: &Host) -> Result<SanType, NameError> {
    match host {
        Host::Address(address) => Ok(SanType::IpAddress(*address)),
        Host::Name(name) => name.as_str().try_into().map(SanType::DnsName).map_err(|_| NameError::Host(name.clone())),
    }
}

fn printable(text: &str) -> Result<DnValue, IssueError> {
    text.try_into().map(DnValue::PrintableString).map_err(|error: rcgen::Error| IssueError::Crypto(error.to_string()))
}

fn make_key(key_type: KeyType) -> Result<KeyPair, IssueError> {
    match key_type {
        KeyType::EcP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyType::EcP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyType::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyType::Rsa4096 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096),
    }
    .map_err(|error| IssueError::Crypto(error.to_string()))
}

/// A key with its chain, the certificate first. The salts come from the library's own randomness.
fn pkcs12<'a>(
    key: &KeyPair,
    chain: impl Iterator<Item = &'a [u8]>,
    password: &str,
) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let key = PrivateKey::from_der(key.serialized_der())?;
    let certificates = chain.map(Certificate::from_der).collect::<Result<Vec<_>, _>>()?;
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new("sandbox-test", key, certificates);
    store.add_entry("sandbox-test", KeyStoreEntry::PrivateKeyChain(entry));
    store.writer(password).write()
}

/// A store that holds one certificate to be trusted.
pub(super) fn trust_store(certificate: &[u8], password: &str) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let mut store = KeyStore::new();
    store.add_entry("sandbox-test-root", KeyStoreEntry::Certificate(Certificate::from_der(certificate)?));
    store.writer(password).write()
}
