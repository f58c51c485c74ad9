//! The files an authority is kept in.

use super::authority::{AuthorityError, Issuing, Server};
use super::peer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The directory of an authority, locked against others as long as this lives.
pub(super) struct Files {
    directory: PathBuf,
    _lock: File,
}

impl Files {
    /// Makes the directory if need be, and waits for whoever is at it.
    pub(super) fn lock(directory: &Path) -> Result<Files, AuthorityError> {
        let failed = |error| AuthorityError::Io { file: directory.to_owned(), error };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join("lock"));
        let lock = lock.map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Files { directory: directory.to_owned(), _lock: lock })
    }

    /// Root and intermediate, if they were made before.
    pub(super) fn read_authorities(&self) -> Result<Option<(Issuing, Issuing)>, AuthorityError> {
        let file = self.authority();
        let Some(bytes) = self.read(&file)? else {
            // A root that was given away without its key: a new one would not be the one that is trusted.
            let root = self.directory.join("root.pem");
            return match root.exists() {
                true => Err(damaged(&file, "it is missing, and root.pem is there")),
                false => Ok(None),
            };
        };
        let (certificates, keys) = blocks(&bytes).map_err(|reason| damaged(&file, &reason))?;
        let ([root, intermediate], [root_key, intermediate_key]) = (&certificates[..], &keys[..]) else {
            return Err(damaged(&file, "it does not hold two certificates with their keys"));
        };
        let issuing = |certificate: &CertificateDer<'static>, key| {
            let key = matching_key(certificate, key)?;
            let issuer = Issuer::from_ca_cert_der(certificate, key).map_err(|error| error.to_string())?;
            Ok(Issuing { certificate: certificate.clone(), issuer })
        };
        let whole = issuing(root, root_key).and_then(|root| Ok((root, issuing(intermediate, intermediate_key)?)));
        let (root, intermediate) = whole.map_err(|reason: String| damaged(&file, &reason))?;
        if !peer::is_issued_by(&intermediate.certificate, &[], std::slice::from_ref(&root.certificate)) {
            return Err(damaged(&file, "the second certificate was not issued by the first"));
        }
        Ok(Some((root, intermediate)))
    }

    pub(super) fn write_authorities(&self, root: &Issuing, intermediate: &Issuing) -> Result<(), AuthorityError> {
        let text: String = [root, intermediate]
            .map(|one| certificate_pem(&one.certificate) + &key_pem(one.issuer.key().serialized_der()))
            .concat();
        self.write(&self.authority(), &text, 0o600)
    }

    /// Leaves a copy of the root to give away.
    pub(super) fn write_root(&self, root: &CertificateDer<'_>) -> Result<(), AuthorityError> {
        let (file, text) = (self.directory.join("root.pem"), certificate_pem(root));
        match self.read(&file)? {
            Some(present) if present == text.as_bytes() => Ok(()),
            _ => self.write(&file, &text, 0o644),
        }
    }

    pub(super) fn read_server(&self) -> Result<Option<Server>, AuthorityError> {
        let file = self.server();
        let Some(bytes) = self.read(&file)? else { return Ok(None) };
        let (certificates, keys) = blocks(&bytes).map_err(|reason| damaged(&file, &reason))?;
        let ([certificate], [key]) = (&certificates[..], &keys[..]) else {
            return Err(damaged(&file, "it does not hold one certificate with its key"));
        };
        matching_key(certificate, key).map_err(|reason| damaged(&file, &reason))?;
        Ok(Some(Server { certificate: certificate.clone(), key: key.clone_key() }))
    }

    pub(super) fn write_server(&self, server: &Server) -> Result<(), AuthorityError> {
        let text = certificate_pem(&server.certificate) + &key_pem(server.key.secret_pkcs8_der());
        self.write(&self.server(), &text, 0o600)
    }

    /// Whether an authority's certificate is valid now.
    pub(super) fn check_validity(&self, der: &CertificateDer<'_>, now: Timestamp) -> Result<(), AuthorityError> {
        let file = self.authority();
        let read = peer::PeerCertificate::read(der).map_err(|error| damaged(&file, &error.to_string()))?;
        match read.is_valid_at(now) {
            true => Ok(()),
            false => Err(AuthorityError::Expired { file, not_before: read.not_before, not_after: read.not_after }),
        }
    }

    fn authority(&self) -> PathBuf {
        self.directory.join("authority.pem")
    }

    fn server(&self) -> PathBuf {
        self.directory.join("server.pem")
    }

    fn read(&self, file: &Path) -> Result<Option<Vec<u8>>, AuthorityError> {
        match fs::read(file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AuthorityError::Io { file: file.to_owned(), error }),
        }
    }

    /// Writes a file whole or not at all.
    fn write(&self, file: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
        let write = || -> io::Result<()> {
            let unfinished = file.with_extension("pem.new");
            // Not an earlier one's: its mode would stay.
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
            #[cfg(not(unix))]
            let _ = mode;
            let mut opened = options.open(&unfinished)?;
            opened.write_all(text.as_bytes())?;
            opened.sync_all()?;
            fs::rename(&unfinished, file)?;
            #[cfg(unix)]
            File::open(&self.directory)?.sync_all()?;
            Ok(())
        };
        write().map_err(|error| AuthorityError::Io { file: file.to_owned(), error })
    }
}

/// A certificate as PEM.
pub(super) fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

fn key_pem(pkcs8: &[u8]) -> String {
    pem("PRIVATE KEY", pkcs8)
}

fn pem(label: &str, der: &[u8]) -> String {
    // 48 bytes make a line of 64 characters.
    let lines: String = der.chunks(48).map(|line| STANDARD.encode(line) + "\n").collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

type Blocks = (Vec<CertificateDer<'static>>, Vec<PrivatePkcs8KeyDer<'static>>);

fn blocks(bytes: &[u8]) -> Result<Blocks, String> {
    let unreadable = |error: rustls::pki_types::pem::Error| format!("it is not readable as PEM: {error}");
    let certificates = CertificateDer::pem_slice_iter(bytes).collect::<Result<_, _>>().map_err(unreadable)?;
    let keys = PrivatePkcs8KeyDer::pem_slice_iter(bytes).collect::<Result<_, _>>().map_err(unreadable)?;
    Ok((certificates, keys))
}

/// The P-256 key, if it is the certificate's.
fn matching_key(certificate: &CertificateDer<'_>, key: &PrivatePkcs8KeyDer<'_>) -> Result<KeyPair, String> {
    let read = peer::parse(certificate).map_err(|error| error.to_string())?;
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(key, &rcgen::PKCS_ECDSA_P256_SHA256)
        .map_err(|_| "a private key is not readable".to_owned())?;
    match read.public_key().subject_public_key.data[..] == *pair.public_key_raw() {
        true => Ok(pair),
        false => Err("a private key is not that of its certificate".to_owned()),
    }
}

fn damaged(file: &Path, reason: &str) -> AuthorityError {
    AuthorityError::Damaged { file: file.to_owned(), reason: reason.to_owned() }
}
