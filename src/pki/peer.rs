//! What a certificate says about the one who showed it.

use super::names::Oid;
use aws_lc_rs::digest;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use x509_parser::oid_registry::OID_X509_SERIALNUMBER;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

/// Who a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A citizen's wellbeing application (hyvinvointisovelluksen palveluvarmenne).
    Wellbeing,
    /// A social welfare or healthcare provider's access point (sote-palvelinvarmenne).
    Sote,
    /// Neither: a server, a person, an unknown profile.
    Other,
}

/// What a certificate says. Nothing of it is verified: see [`is_issued_by`], the dates, and the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The certificate's serial number in lower-case hexadecimal, without leading zeros.
    pub serial: String,
    /// The subject in the usual text form, control characters replaced.
    pub subject: String,
    /// The Subject serialNumber attribute as it stands there.
    pub subject_serial_number: Option<String>,
    /// The OID in the Subject serialNumber, which ties the certificate to an application or an access point; a prefix
    /// such as `urn:oid:` is taken off.
    pub oid: Option<String>,
    /// Who it is for. Told by the organisational unit in the subject, which is how our own certificates say it; for
    /// certificates of others, whose profile is not public: `Sote` when the subject's or the issuer's organisational
    /// unit or the issuer's common name speaks of SOTE or social welfare and healthcare, else `Wellbeing` when there is
    /// an OID and the extended key usage allows (or does not limit) client authentication, else `Other`.
    pub kind: Kind,
    /// Whether its extended key usage allows client authentication; also true when there is no such extension.
    pub allows_client_authentication: bool,
    /// The first instant of its validity.
    pub not_before: Timestamp,
    /// The last instant of its validity.
    pub not_after: Timestamp,
    /// The issuer in the usual text form, control characters replaced.
    pub issuer: String,
    /// The SHA-256 of the whole certificate, in lower-case hexadecimal.
    pub fingerprint: String,
}

/// Why a certificate could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not one DER-encoded X.509 certificate.
    #[error("this is not a DER-encoded X.509 certificate: {0}")]
    Encoding(String),
    /// A date beyond the year 9999.
    #[error("the certificate's validity is beyond what a calendar shows")]
    Date,
}

/// The organisational units by which certificates of [`Authority::issue`](super::Authority::issue) say who they are for.
pub(super) const WELLBEING_UNIT: &str = "SANDBOX TEST wellbeing application";
pub(super) const SOTE_UNIT: &str = "SANDBOX TEST SOTE access point";
pub(super) const SERVER_UNIT: &str = "SANDBOX TEST server";

impl PeerCertificate {
    /// Reads a DER-encoded certificate.
    pub fn read(der: &[u8]) -> Result<PeerCertificate, ReadError> {
        let certificate = parse(der)?;
        let mut serial_numbers = certificate.subject().iter_by_oid(&OID_X509_SERIALNUMBER);
        let subject_serial_number = serial_numbers.next().and_then(|value| value.as_str().ok()).map(str::to_owned);
        let oid = subject_serial_number.as_deref().and_then(Oid::find).map(|oid| oid.as_str().to_owned());
        let allows_client_authentication = match certificate.extended_key_usage() {
            Ok(Some(usage)) => usage.value.client_auth || usage.value.any,
            Ok(None) => true,
            Err(_) => false,
        };
        Ok(PeerCertificate {
            serial: serial(&certificate),
            subject: text(certificate.subject()),
            kind: kind(&certificate, oid.is_some() && allows_client_authentication),
            subject_serial_number,
            oid,
            allows_client_authentication,
            not_before: instant(certificate.validity().not_before)?,
            not_after: instant(certificate.validity().not_after)?,
            issuer: text(certificate.issuer()),
            fingerprint: hexadecimal(digest::digest(&digest::SHA256, der).as_ref()),
        })
    }

    /// Whether `at` is within the validity, both ends included.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }
}

/// Whether `certificate` was issued, directly or by way of the `presented` certificates, by one of `anchors`: each
/// signature is verified, and each issuer must be allowed to issue. Dates, purposes and revocation are not looked at.
///
/// A certificate that is itself an anchor counts as issued. Bytes that are no certificate are passed over.
pub fn is_issued_by(certificate: &[u8], presented: &[CertificateDer<'_>], anchors: &[CertificateDer<'_>]) -> bool {
    // Longer chains than any authority's; it also ends circles.
    const MOST_INTERMEDIATES: usize = 6;
    let mut current = certificate;
    for _ in 0..=MOST_INTERMEDIATES {
        if anchors.iter().any(|anchor| anchor.as_ref() == current || is_signed_by(current, anchor)) {
            return true;
        }
        match presented.iter().find(|candidate| candidate.as_ref() != current && is_signed_by(current, candidate)) {
            Some(issuer) => current = issuer,
            None => return false,
        }
    }
    false
}

/// Whether `issuer` may issue certificates, and its key signed this one.
fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> bool {
    let (Ok(certificate), Ok(issuer)) = (parse(certificate), parse(issuer)) else { return false };
    let may_sign =
        issuer.is_ca() && issuer.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    may_sign
        && certificate.issuer().as_raw() == issuer.subject().as_raw()
        && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, ReadError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(ReadError::Encoding("there are bytes behind it".to_owned())),
        Err(error) => Err(ReadError::Encoding(error.to_string())),
    }
}

/// The serial number as [`PeerCertificate::serial`] has it.
pub(super) fn serial(certificate: &X509Certificate<'_>) -> String {
    let text = hexadecimal(certificate.raw_serial());
    let short = text.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

fn kind(certificate: &X509Certificate<'_>, may_be_application: bool) -> Kind {
    let own: Vec<&str> = units(certificate.subject()).collect();
    for (unit, kind) in [(WELLBEING_UNIT, Kind::Wellbeing), (SOTE_UNIT, Kind::Sote), (SERVER_UNIT, Kind::Other)] {
        if own.contains(&unit) {
            return kind;
        }
    }
    let issuer = certificate.issuer();
    let issuer_names = issuer.iter_common_name().filter_map(|value| value.as_str().ok());
    let mut names = own.into_iter().chain(units(issuer)).chain(issuer_names).map(str::to_ascii_lowercase);
    let speaks_of_sote = |name: String| {
        name.split(|character: char| !character.is_alphanumeric()).any(|word| word == "sote")
            || name.contains("social welfare and healthcare")
            || name.contains("terveydenhuol")
    };
    if names.any(speaks_of_sote) {
        Kind::Sote
    } else if may_be_application {
        Kind::Wellbeing
    } else {
        Kind::Other
    }
}

fn units<'a>(name: &'a X509Name<'a>) -> impl Iterator<Item = &'a str> {
    name.iter_organizational_unit().filter_map(|value| value.as_str().ok())
}

fn text(name: &X509Name<'_>) -> String {
    name.to_string().chars().map(|character| if character.is_control() { '\u{FFFD}' } else { character }).collect()
}

fn instant(time: ASN1Time) -> Result<Timestamp, ReadError> {
    Timestamp::from_second(time.timestamp()).map_err(|_| ReadError::Date)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
