//! The sandbox's own certificate authority.

use super::files::{self, Files};
use super::issue::{self, IssueError, Validity};
use super::names::{Host, NameError};
use super::peer;
use crate::time::Random;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};

/// A root, an intermediate that issues, and the server certificate of this sandbox.
pub struct Authority {
    root: Issuing,
    intermediate: Issuing,
    server: Server,
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A name for the server certificate that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A file could not be read or written.
    #[error("{} cannot be used ({error}): check its permissions and the free space", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} is damaged ({reason}): restore it from a copy, or remove the whole directory to make a new authority, which must then be trusted anew", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The authority in the file is out of its validity.
    #[error("the authority in {} is valid from {not_before} to {not_after}: set the system's clock right, or remove the directory to make a new authority", .file.display())]
    Expired {
        /// The file.
        file: PathBuf,
        /// The first instant of its validity.
        not_before: Timestamp,
        /// The last instant of its validity.
        not_after: Timestamp,
    },
    /// The crypto library failed.
    #[error("the authority could not be made: {0}")]
    Crypto(String),
}

/// A certificate that may issue others, with its key.
pub(super) struct Issuing {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// The server certificate with its key.
pub(super) struct Server {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivatePkcs8KeyDer<'static>,
}

/// The organisation in every certificate.
pub(super) const ORGANISATION: &str = "SANDBOX TEST - not a real authority";

/// The names every server certificate has: loopback, the usual names in containers, and those of the real service, for
/// applications that reach the sandbox under them by way of DNS aliases. Many clients (OpenSSL, rustls) accept no
/// wildcard for a single label as `*.localhost` is; names below localhost that they are to accept are given one by one.
const SERVER_NAMES: [&str; 9] = [
    "localhost",
    "*.localhost",
    "127.0.0.1",
    "::1",
    "host.docker.internal",
    "kanta-phr-sandbox",
    "fhirsandbox.kanta.fi",
    "fhirsandbox2.kanta.fi",
    "fhirsandbox2-auth.kanta.fi",
];

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Twenty years for the authorities: whoever trusts them does it once.
const AUTHORITY_DAYS: i32 = 20 * 365 + 5;
/// Within the 398 days that browsers accept.
const SERVER_DAYS: i32 = 397;
/// A server certificate with less than this left is made anew.
const SERVER_DAYS_LEFT: i32 = 30;

impl Authority {
    /// A new authority, in memory. `names` are host names and addresses for the server certificate beside the usual ones.
    pub fn create(names: &[String], now: Timestamp, random: &Random) -> Result<Authority, AuthorityError> {
        let names = server_names(names)?;
        let (root, intermediate) = make_authorities(now, random)?;
        let server = make_server(&intermediate, &names, now, random)?;
        Ok(Authority { root, intermediate, server })
    }

    /// The authority kept in `directory`; made and put there if there is none.
    ///
    /// The server certificate kept there is replaced when it is within 30 days of its end, lacks a name, or was issued
    /// by another authority; root and intermediate stay, so that what trusts them goes on trusting.
    ///
    /// ```text
    /// authority.pem   root and intermediate with their keys (mode 0600)
    /// server.pem      server certificate and key (mode 0600)
    /// root.pem        the root certificate alone, to give away
    /// ```
    pub fn load_or_create(
        directory: &Path,
        names: &[String],
        now: Timestamp,
        random: &Random,
    ) -> Result<Authority, AuthorityError> {
        let names = server_names(names)?;
        // Held until the end, so that two processes starting at once end up with one authority.
        let files = Files::lock(directory)?;
        let (root, intermediate) = match files.read_authorities()? {
            Some((root, intermediate)) => {
                for der in [&root.certificate, &intermediate.certificate] {
                    files.check_validity(der, now)?;
                }
                (root, intermediate)
            }
            None => {
                let (root, intermediate) = make_authorities(now, random)?;
                files.write_authorities(&root, &intermediate)?;
                (root, intermediate)
            }
        };
        files.write_root(&root.certificate)?;
        let kept = files.read_server()?;
        let server = match kept.filter(|server| is_good_server(server, &intermediate, &names, now)) {
            Some(server) => server,
            None => {
                let server = make_server(&intermediate, &names, now, random)?;
                files.write_server(&server)?;
                server
            }
        };
        Ok(Authority { root, intermediate, server })
    }

    /// The root certificate as PEM: what clients are to trust.
    pub fn root_pem(&self) -> String {
        files::certificate_pem(&self.root.certificate)
    }

    /// Intermediate and root as PEM: everything above a certificate that is issued here.
    pub fn chain_pem(&self) -> String {
        files::certificate_pem(&self.intermediate.certificate) + &self.root_pem()
    }

    /// The root certificate as a PKCS#12 trust store (for Java), protected with `password`.
    pub fn trust_store(&self, password: &str) -> Result<Vec<u8>, IssueError> {
        issue::trust_store(&self.root.certificate, password).map_err(|error| IssueError::Crypto(error.to_string()))
    }

    /// Whether the certificate `der` was issued by this authority's intermediate (or its root), by its signature. Dates
    /// and purpose are not looked at.
    pub fn issued_by_us(&self, der: &[u8]) -> bool {
        peer::is_issued_by(der, &[], &[self.intermediate.certificate.clone(), self.root.certificate.clone()])
    }

    /// The certificate revocation list of the intermediate, in DER: `revoked` holds serial numbers (hexadecimal) with
    /// the instants of their revocation; those that are no serial numbers are left out. `number` must grow from list to
    /// list. Valid for a day.
    pub fn revocation_list(
        &self,
        revoked: &[(String, Timestamp)],
        number: u64,
        now: Timestamp,
    ) -> Result<Vec<u8>, IssueError> {
        let revoked_certs = revoked.iter().filter_map(|(serial, at)| {
            let serial_number = SerialNumber::from(bytes_of_serial(serial)?);
            let revocation_time = offset(*at);
            Some(RevokedCertParams { serial_number, revocation_time, reason_code: None, invalidity_date: None })
        });
        let parameters = CertificateRevocationListParams {
            this_update: offset(now),
            next_update: offset(later(now, DAY)),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list =
            parameters.signed_by(&self.intermediate.issuer).map_err(|error| IssueError::Crypto(error.to_string()))?;
        Ok(list.der().as_ref().to_vec())
    }

    pub(super) fn root(&self) -> &CertificateDer<'static> {
        &self.root.certificate
    }

    pub(super) fn intermediate(&self) -> &Issuing {
        &self.intermediate
    }

    /// What the server shows: its certificate and the intermediate.
    pub(super) fn server_chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.server.certificate.clone(), self.intermediate.certificate.clone()]
    }

    pub(super) fn server_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.server.key.clone_key())
    }
}

impl std::fmt::Debug for Authority {
    /// Without the keys.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Authority")
    }
}

impl Issuing {
    /// An authority that nobody knows.
    pub(super) fn stranger(validity: Validity, random: &Random) -> Result<Issuing, rcgen::Error> {
        let name = format!("SANDBOX TEST Unknown CA {}", tag(random));
        let parameters = authority_parameters(&name, BasicConstraints::Constrained(0), validity, random);
        Issuing::self_signed(parameters)
    }

    fn self_signed(parameters: CertificateParams) -> Result<Issuing, rcgen::Error> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let certificate = parameters.self_signed(&key)?.der().clone();
        Ok(Issuing { certificate, issuer: Issuer::new(parameters, key) })
    }

    fn signed_by(parameters: CertificateParams, above: &Issuing) -> Result<Issuing, rcgen::Error> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let certificate = parameters.signed_by(&key, &above.issuer)?.der().clone();
        Ok(Issuing { certificate, issuer: Issuer::new(parameters, key) })
    }
}

fn make_authorities(now: Timestamp, random: &Random) -> Result<(Issuing, Issuing), AuthorityError> {
    let crypto = |error: rcgen::Error| AuthorityError::Crypto(error.to_string());
    let validity = Validity { not_before: later(now, -DAY), not_after: later(now, DAY * AUTHORITY_DAYS) };
    // The tag tells the roots of several sandboxes apart in one trust store.
    let tag = tag(random);
    let name = |role: &str| format!("SANDBOX TEST {role} CA {tag}");
    let root = authority_parameters(&name("Root"), BasicConstraints::Unconstrained, validity, random);
    let root = Issuing::self_signed(root).map_err(crypto)?;
    let intermediate = authority_parameters(&name("Issuing"), BasicConstraints::Constrained(0), validity, random);
    let intermediate = Issuing::signed_by(intermediate, &root).map_err(crypto)?;
    Ok((root, intermediate))
}

fn authority_parameters(
    name: &str,
    constraints: BasicConstraints,
    validity: Validity,
    random: &Random,
) -> CertificateParams {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, ORGANISATION);
    subject.push(DnType::CommonName, name);
    let mut parameters = blank_parameters(subject, validity, random);
    parameters.is_ca = IsCa::Ca(constraints);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

/// What all certificates have: subject, validity, a random serial number, both key identifiers, and no right to issue.
pub(super) fn blank_parameters(subject: DistinguishedName, validity: Validity, random: &Random) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = offset(validity.not_before);
    parameters.not_after = offset(validity.not_after);
    parameters.serial_number = Some(serial_number(random));
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.use_authority_key_identifier_extension = true;
    parameters
}

fn make_server(
    intermediate: &Issuing,
    names: &[Host],
    now: Timestamp,
    random: &Random,
) -> Result<Server, AuthorityError> {
    let crypto = |error: rcgen::Error| AuthorityError::Crypto(error.to_string());
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, ORGANISATION);
    subject.push(DnType::OrganizationalUnitName, peer::SERVER_UNIT);
    subject.push(DnType::CommonName, "localhost");
    let validity = Validity { not_before: later(now, -DAY), not_after: later(now, DAY * (SERVER_DAYS - 1)) };
    let mut parameters = blank_parameters(subject, validity, random);
    parameters.subject_alt_names = names.iter().map(issue::alternative_name).collect::<Result<_, _>>()?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
    let certificate = parameters.signed_by(&key, &intermediate.issuer).map_err(crypto)?.der().clone();
    Ok(Server { certificate, key: key.serialize_der().into() })
}

/// Whether a kept server certificate still serves.
fn is_good_server(server: &Server, intermediate: &Issuing, names: &[Host], now: Timestamp) -> bool {
    let Ok(certificate) = peer::parse(&server.certificate) else { return false };
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let is_current = from <= now.as_second() && later(now, DAY * SERVER_DAYS_LEFT).as_second() <= to;
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else { return false };
    let has = |host: &Host| {
        use x509_parser::extensions::GeneralName;
        alternatives.value.general_names.iter().any(|name| match (name, host) {
            (GeneralName::DNSName(name), Host::Name(wanted)) => name.eq_ignore_ascii_case(wanted),
            (GeneralName::IPAddress(bytes), Host::Address(std::net::IpAddr::V4(wanted))) => **bytes == wanted.octets(),
            (GeneralName::IPAddress(bytes), Host::Address(std::net::IpAddr::V6(wanted))) => **bytes == wanted.octets(),
            _ => false,
        })
    };
    let anchor = std::slice::from_ref(&intermediate.certificate);
    is_current && names.iter().all(has) && peer::is_issued_by(&server.certificate, &[], anchor)
}

/// The usual names and the caller's, each once.
fn server_names(extra: &[String]) -> Result<Vec<Host>, NameError> {
    let mut names: Vec<Host> = Vec::new();
    for name in SERVER_NAMES.into_iter().chain(extra.iter().map(String::as_str)) {
        let name = Host::parse(name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// 16 random bytes, positive and never with leading zeros, so that their hexadecimal form is always 32 digits.
fn serial_number(random: &Random) -> SerialNumber {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes[0] = bytes[0] & 0x3F | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn bytes_of_serial(serial: &str) -> Option<Vec<u8>> {
    let even = if serial.len() % 2 == 1 { format!("0{serial}") } else { serial.to_owned() };
    let is_serial = (2..=40).contains(&even.len()) && even.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_serial.then(|| {
        // Two ASCII digits each, as was just checked.
        (0..even.len()).step_by(2).filter_map(|at| u8::from_str_radix(&even[at..at + 2], 16).ok()).collect()
    })
}

fn tag(random: &Random) -> String {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// `by` later (or earlier), at most to the end of the calendar.
fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(instant)
}

/// The date type rcgen takes, in whole seconds.
fn offset(instant: Timestamp) -> time::OffsetDateTime {
    // Both calendars end with the year 9999; jiff's begins later than 1950 only where `Validity` was checked.
    time::OffsetDateTime::from_unix_timestamp(instant.as_second()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}
