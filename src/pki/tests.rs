//! Tests of the room as a whole; those of names are with the names.

use super::*;
use crate::time::Random;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs;
use std::path::Path;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const OID: &str = "1.2.246.10.1234567.10.1";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn authority() -> Authority {
    Authority::create(&[], now(), &Random::seeded(1)).unwrap()
}

fn request(kind: CertificateKind) -> CertificateRequest {
    CertificateRequest {
        kind,
        oid: Some(OID.to_owned()),
        common_name: "app.example.fi".to_owned(),
        key_type: KeyType::EcP256,
        validity: Validity::from(now()),
        defect: None,
    }
}

fn issue(request: &CertificateRequest) -> (Authority, Issued, Vec<u8>) {
    let authority = authority();
    let issued = authority.issue(request, &Random::seeded(2)).unwrap();
    let der = der(&issued.certificate);
    (authority, issued, der)
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

fn ders(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

#[test]
fn a_wellbeing_certificate_says_who_it_is_for() {
    let (authority, issued, der) = issue(&request(CertificateKind::Wellbeing));
    let read = PeerCertificate::read(&der).unwrap();
    assert_eq!(read.serial, issued.serial);
    assert_eq!(read.serial.len(), 32);
    assert_eq!(read.subject_serial_number.as_deref(), Some(OID));
    assert_eq!(read.oid.as_deref(), Some(OID));
    assert_eq!(read.kind, Kind::Wellbeing);
    assert!(read.allows_client_authentication);
    assert!(read.is_valid_at(now()) && !read.is_valid_at(now() + SignedDuration::from_hours(24 * 366)));
    assert!(read.subject.contains("CN=app.example.fi") && read.subject.contains("SANDBOX TEST"), "{}", read.subject);
    assert!(read.issuer.contains("CN=SANDBOX TEST Issuing CA"), "{}", read.issuer);
    assert_eq!(read.fingerprint.len(), 64);
    assert!(authority.issued_by_us(&der));

    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
    assert!(certificate.key_usage().unwrap().unwrap().critical);
    let alternatives = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert!(matches!(alternatives[..], [GeneralName::DNSName("app.example.fi")]));
    assert_eq!(ders(&issued.chain).len(), 2);
    assert_eq!(issued.chain, authority.chain_pem());
    assert!(!format!("{issued:?}").contains(&issued.pkcs12_password));
}

#[test]
fn kinds_are_told_apart() {
    let kind = |asked| PeerCertificate::read(&issue(&request(asked)).2).unwrap().kind;
    assert_eq!(kind(CertificateKind::Wellbeing), Kind::Wellbeing);
    assert_eq!(kind(CertificateKind::Sote), Kind::Sote);
    assert_eq!(kind(CertificateKind::Server), Kind::Other);
    let authorities = ders(&authority().chain_pem());
    assert!(authorities.iter().all(|der| PeerCertificate::read(der).unwrap().kind == Kind::Other));
}

/// A certificate of an authority whose profile is not known, with the given subject.
fn foreign(entries: &[(rcgen::DnType, &str)]) -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    entries.iter().for_each(|(kind, text)| parameters.distinguished_name.push(kind.clone(), *text));
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn certificates_of_others_are_read_as_far_as_they_say_something() {
    let serial_number = || rcgen::DnType::CustomDnType(vec![2, 5, 4, 5]);
    let read = |entries: &[_]| PeerCertificate::read(&foreign(entries)).unwrap();
    let wellbeing = read(&[(serial_number(), "urn:oid:1.2.246.10.7654321.10.2")]);
    assert_eq!(wellbeing.subject_serial_number.as_deref(), Some("urn:oid:1.2.246.10.7654321.10.2"));
    assert_eq!(wellbeing.oid.as_deref(), Some("1.2.246.10.7654321.10.2"));
    assert_eq!(wellbeing.kind, Kind::Wellbeing);
    let sote = read(&[(rcgen::DnType::CommonName, "Clinic, SOTE services"), (serial_number(), OID)]);
    assert_eq!(sote.kind, Kind::Sote, "the issuer's common name is the subject's here");
    let none = read(&[(rcgen::DnType::CommonName, "someone\nelse")]);
    assert_eq!((none.oid, none.kind), (None, Kind::Other));
    assert!(!none.subject.contains('\n'));
    for bytes in [b"".as_slice(), b"0", b"\x30\x03\x02\x01\x01", &foreign(&[])[..50]] {
        assert!(PeerCertificate::read(bytes).is_err());
    }
    assert!(PeerCertificate::read(&[foreign(&[]), vec![0]].concat()).is_err(), "bytes behind it");
}

#[test]
fn defects_are_what_they_say() {
    let defective = |defect| {
        let (authority, issued, der) =
            issue(&CertificateRequest { defect: Some(defect), ..request(CertificateKind::Wellbeing) });
        (authority.issued_by_us(&der), PeerCertificate::read(&der).unwrap(), issued, der)
    };
    let (ours, read, ..) = defective(Defect::NoOid);
    assert!(ours && read.oid.is_none() && read.subject_serial_number.is_none() && read.kind == Kind::Wellbeing);
    let (ours, read, ..) = defective(Defect::WrongEku);
    assert!(ours && !read.allows_client_authentication && read.kind == Kind::Wellbeing);
    let (ours, read, issued, _) = defective(Defect::SelfSigned);
    assert!(!ours && read.issuer == read.subject && issued.chain.is_empty());
    let (ours, read, issued, der) = defective(Defect::UnknownCa);
    assert!(!ours && read.issuer.contains("SANDBOX TEST Unknown CA"));
    assert!(is_issued_by(&der, &[], &ders(&issued.chain)), "it is whole otherwise");
    for validity in [Validity::expired(now()), Validity::not_yet(now())] {
        let (_, _, der) = issue(&CertificateRequest { validity, ..request(CertificateKind::Wellbeing) });
        assert!(!PeerCertificate::read(&der).unwrap().is_valid_at(now()));
    }
}

#[test]
fn chains_are_followed_by_their_signatures() {
    let (authority, issued, leaf) = issue(&request(CertificateKind::Wellbeing));
    let chain = ders(&issued.chain);
    let (intermediate, root) = (&chain[..1], &chain[1..]);
    assert!(is_issued_by(&leaf, intermediate, root));
    assert!(is_issued_by(&leaf, &[], intermediate));
    assert!(!is_issued_by(&leaf, &[], root), "the intermediate is not presented");
    assert!(!is_issued_by(&leaf, intermediate, &[]));
    assert!(is_issued_by(&leaf, &[], &[leaf.clone().into()]), "trusted itself");
    assert!(!is_issued_by(b"no certificate", intermediate, root));

    let other = Authority::create(&[], now(), &Random::seeded(1)).unwrap();
    assert!(!other.issued_by_us(&leaf), "the same names, other keys");
    let mut changed = leaf.clone();
    let place = changed.windows(14).position(|window| window == b"app.example.fi").unwrap();
    changed[place] = b'b';
    assert!(PeerCertificate::read(&changed).is_ok() && !authority.issued_by_us(&changed));

    // A certificate that is no authority's issues nothing, whatever its key has signed.
    let key = rcgen::KeyPair::from_pem(&issued.key).unwrap();
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "not allowed");
    let leaf_as_issuer = rcgen::Issuer::from_ca_cert_pem(&issued.certificate, key).unwrap();
    let below = parameters.signed_by(&rcgen::KeyPair::generate().unwrap(), &leaf_as_issuer).unwrap();
    assert!(!is_issued_by(below.der(), &[leaf.into(), chain[0].clone()], root));
}

#[test]
fn what_cannot_stand_in_a_certificate_is_refused() {
    let refused = |change: fn(&mut CertificateRequest)| {
        let mut request = request(CertificateKind::Wellbeing);
        change(&mut request);
        authority().issue(&request, &Random::seeded(3)).expect_err("refused").to_string()
    };
    assert!(refused(|request| request.oid = None).contains("no-oid"));
    assert!(refused(|request| request.oid = Some("1.2.x".into())).contains("not an OID"));
    assert!(refused(|request| request.common_name = "a\0b".into()).contains("U+0000"));
    assert!(refused(|request| request.common_name = "x".repeat(65)).contains("65"));
    assert!(refused(|request| request.common_name = String::new()).contains("empty"));
    assert!(refused(|request| request.common_name = "192.0.2.7".into()).contains("IP address"));
    assert!(refused(|request| request.validity.not_after = request.validity.not_before).contains("validity"));
    assert!(refused(|request| request.validity.not_before = Timestamp::MIN).contains("validity"));
    let server = CertificateRequest { common_name: "no host".into(), oid: None, ..request(CertificateKind::Server) };
    assert!(authority().issue(&server, &Random::seeded(3)).is_err());
    let server = CertificateRequest { common_name: "192.0.2.7".into(), oid: None, ..request(CertificateKind::Server) };
    assert!(authority().issue(&server, &Random::seeded(3)).is_ok());
    let person = CertificateRequest { common_name: "Painopäiväkirja Oy".into(), ..request(CertificateKind::Sote) };
    assert!(authority().issue(&person, &Random::seeded(3)).is_ok());
}

#[test]
fn a_pkcs12_holds_the_key_with_its_chain() {
    let (_, issued, der) = issue(&request(CertificateKind::Wellbeing));
    let policy = p12_keystore::Pkcs12ImportPolicy::Strict;
    let store = p12_keystore::KeyStore::from_pkcs12(&issued.pkcs12, &issued.pkcs12_password, policy).unwrap();
    let (alias, chain) = store.private_key_chain().unwrap();
    assert_eq!(alias, "sandbox-test");
    assert_eq!(chain.certs().len(), 3);
    assert_eq!(chain.certs()[0].as_der(), der);
    assert!(p12_keystore::KeyStore::from_pkcs12(&issued.pkcs12, "other", policy).is_err());
    let trust = authority().trust_store("changeit").unwrap();
    assert_eq!(p12_keystore::KeyStore::from_pkcs12(&trust, "changeit", policy).unwrap().entries_len(), 1);
}

#[test]
fn a_revocation_list_is_signed_by_the_intermediate() {
    let (authority, issued, _) = issue(&request(CertificateKind::Wellbeing));
    let revoked = [(issued.serial.clone(), now()), ("no serial".to_owned(), now()), ("abc".to_owned(), now())];
    let list = authority.revocation_list(&revoked, 7, now()).unwrap();
    let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list).unwrap();
    let serials: Vec<String> =
        list.iter_revoked_certificates().map(|one| one.user_certificate.to_str_radix(16)).collect();
    assert_eq!(serials, [issued.serial, "abc".to_owned()]);
    let chain = ders(&issued.chain);
    let (_, intermediate) = X509Certificate::from_der(&chain[0]).unwrap();
    list.verify_signature(intermediate.public_key()).unwrap();
    assert_eq!(list.crl_number().unwrap().to_str_radix(10), "7");
}

fn load(directory: &Path, names: &[&str], at: Timestamp) -> Result<Authority, AuthorityError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Authority::load_or_create(directory, &names, at, &Random::system())
}

#[test]
fn an_authority_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("pki");
    let first = load(&directory, &[], now()).unwrap();
    let again = load(&directory, &[], now()).unwrap();
    assert_eq!(first.root_pem(), again.root_pem());
    assert_eq!(first.server_chain(), again.server_chain());
    assert_eq!(fs::read_to_string(directory.join("root.pem")).unwrap(), first.root_pem());
    let issued = first.issue(&request(CertificateKind::Wellbeing), &Random::system()).unwrap();
    assert!(again.issued_by_us(&der(&issued.certificate)));
    assert!(again.issue(&request(CertificateKind::Wellbeing), &Random::system()).is_ok());
    #[cfg(unix)]
    for name in ["authority.pem", "server.pem"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 4, "nothing unfinished is left");
}

#[test]
fn the_server_certificate_is_made_anew_when_it_no_longer_serves() {
    let directory = tempfile::tempdir().unwrap();
    let first = load(directory.path(), &[], now()).unwrap();
    let with_name = load(directory.path(), &["phr.example.test", "192.0.2.7"], now()).unwrap();
    assert_ne!(first.server_chain()[0], with_name.server_chain()[0], "a name was lacking");
    assert_eq!(first.server_chain()[1], with_name.server_chain()[1]);
    let fewer = load(directory.path(), &["phr.example.test"], now()).unwrap();
    assert_eq!(fewer.server_chain(), with_name.server_chain(), "it has more names than asked for");
    let day = SignedDuration::from_hours(24);
    let later = load(directory.path(), &[], now() + day * 360).unwrap();
    assert_eq!(later.server_chain(), with_name.server_chain());
    let near_its_end = load(directory.path(), &[], now() + day * 370).unwrap();
    assert_ne!(near_its_end.server_chain(), with_name.server_chain());
    assert_eq!(near_its_end.root_pem(), first.root_pem());
    assert!(matches!(load(directory.path(), &["no host"], now()), Err(AuthorityError::Name(_))));
    assert!(matches!(load(directory.path(), &[], now() + day * 365 * 21), Err(AuthorityError::Expired { .. })));
}

#[test]
fn damaged_files_are_named_and_kept() {
    let spoil = |name: &str, change: &dyn Fn(String) -> Option<String>| {
        let directory = tempfile::tempdir().unwrap();
        load(directory.path(), &[], now()).unwrap();
        let file = directory.path().join(name);
        match change(fs::read_to_string(&file).unwrap()) {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let before = fs::read(&file).ok();
        let error = load(directory.path(), &[], now()).expect_err("damaged");
        assert!(matches!(error, AuthorityError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        assert_eq!(fs::read(&file).ok(), before);
    };
    let other = tempfile::tempdir().unwrap();
    load(other.path(), &[], now()).unwrap();
    let others = |name: &str| fs::read_to_string(other.path().join(name)).unwrap();
    for name in ["authority.pem", "server.pem"] {
        spoil(name, &|_| Some(String::new()));
        spoil(name, &|text| Some(text[..text.len() / 2].to_owned()));
        spoil(name, &|text| Some(text.replacen("MI", "!!", 1)));
        // Its own certificate with another's key.
        spoil(name, &|text| {
            let key = |text: &str| text[text.find("-----BEGIN PRIVATE").unwrap()..].to_owned();
            Some(text.replace(&key(&text), &key(&others(name))))
        });
    }
    spoil("authority.pem", &|_| None);
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("authority.pem")).unwrap();
    assert!(matches!(load(directory.path(), &[], now()), Err(AuthorityError::Io { .. })));
    fs::write(directory.path().join("file"), "").unwrap();
    let error = load(&directory.path().join("file"), &[], now()).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn processes_that_start_at_once_share_one_authority() {
    let directory = tempfile::tempdir().unwrap();
    let roots: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| load(directory.path(), &[], now()).unwrap().root_pem())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(roots.iter().all(|root| *root == roots[0]));
}

#[test]
fn it_takes_milliseconds() {
    let start = crate::time::monotonic();
    (0..10).for_each(|_| drop(authority()));
    let each = start.elapsed() / 10;
    assert!(each.as_millis() < 200, "{each:?}, on however loaded a machine");
}
