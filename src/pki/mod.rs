//! Certificates: the sandbox's own authority, what it issues, and what a peer's certificate says.
//!
//! The authority stands in for the one that issues certificates for Kanta test and production use. It imitates
//! neither its names nor its profile to the letter: every name says `SANDBOX TEST`.
//!
//! - [`Authority`]: root, intermediate and the sandbox's own server certificate; made in milliseconds, or kept in a directory.
//! - [`Authority::issue`]: certificates for applications under test, as PEM and PKCS#12.
//! - [`Authority::server_config`]: TLS that asks for (or leaves out) client certificates. The handshake only proves that
//!   the peer has the private key; who issued its certificate, for what and until when is judged per request, by the
//!   clock of the tenant, from what [`PeerCertificate`] says.
//!
//! Keys are made by the crypto library from the system's entropy; serial numbers and passwords come from the caller's
//! [`Random`](crate::time::Random), and the time is an argument.

mod authority;
mod files;
mod handshake;
mod issue;
mod names;
mod peer;

pub use authority::{Authority, AuthorityError};
pub use handshake::ClientCertificates;
pub use issue::{CertificateKind, CertificateRequest, Defect, IssueError, Issued, KeyType, Validity};
pub use names::{NameError, Oid};
pub use peer::{Kind, PeerCertificate, ReadError, is_issued_by};

#[cfg(test)]
mod tests;
