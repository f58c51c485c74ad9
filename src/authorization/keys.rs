//! Where the room's records lie in the store: the first byte is the kind, longer names are hashed.

use crate::store::Key;
use aws_lc_rs::digest;
use std::cell::RefCell;
use uuid::Uuid;

pub(super) const CLIENT: u8 = 0x10;
pub(super) const CODE: u8 = 0x11;
const LIVE_CODE: u8 = 0x12;
pub(super) const ACCESS_TOKEN: u8 = 0x13;
pub(super) const REFRESH_TOKEN: u8 = 0x14;
pub(super) const RIGHT: u8 = 0x15;
pub(super) const TERMS: u8 = 0x16;
const SESSION: u8 = 0x17;
pub(super) const EXPIRY: u8 = 0x18;
const REFRESH_USES: u8 = 0x19;
const PERMISSION: u8 = 0x1A;
pub(super) const CARE_RELATIONSHIP: u8 = 0x1B;
const REGISTRATION: u8 = 0x1C;
const REGISTRATION_TOKEN: u8 = 0x1D;
const DEVELOPER: u8 = 0x1E;
pub(super) const OWNED: u8 = 0x1F;

/// A client by its id.
pub(super) fn client(client_id: &str) -> Key {
    Key::new(&[&[CLIENT], &short::<16>(client_id)])
}

/// A code, by itself.
pub(super) fn code(code: &str) -> Key {
    Key::new(&[&[CODE], &short::<24>(code)])
}

/// The one code of a client and a citizen that is not superseded.
pub(super) fn live_code(client_id: &str, citizen: &str) -> Key {
    Key::new(&[live_codes_of(client_id).as_bytes(), &short::<14>(citizen)])
}

/// What begins the keys of all live codes of a client.
pub(super) fn live_codes_of(client_id: &str) -> Key {
    Key::new(&[&[LIVE_CODE], &short::<14>(client_id)])
}

/// An access token, by the whole token.
///
/// The last one is remembered: an application sends the same with request after request, and comparing takes a tenth of
/// the time of a digest.
pub(super) fn access_token(token: &str) -> Key {
    thread_local!(static LAST: RefCell<(String, Option<Key>)> = const { RefCell::new((String::new(), None)) });
    LAST.with_borrow_mut(|(last, key)| match key {
        Some(key) if last == token => *key,
        _ => {
            token.clone_into(last);
            *key.insert(Key::new(&[&[ACCESS_TOKEN], &short::<24>(token)]))
        }
    })
}

/// A refresh token, by the whole token.
pub(super) fn refresh_token(token: &str) -> Key {
    Key::new(&[&[REFRESH_TOKEN], &short::<24>(token)])
}

/// How often a refresh token was used, by its id.
pub(super) fn refresh_uses(id: Uuid) -> Key {
    Key::new(&[&[REFRESH_USES], id.as_bytes()])
}

/// What a citizen gave a client.
pub(super) fn right(citizen: &str, client_id: &str) -> Key {
    Key::new(&[rights_of(citizen).as_bytes(), &short::<14>(client_id)])
}

/// What begins the keys of all rights that a citizen gave.
pub(super) fn rights_of(citizen: &str) -> Key {
    Key::new(&[&[RIGHT], &short::<14>(citizen)])
}

/// A citizen's acceptance of one version of the terms.
pub(super) fn terms(citizen: &str, version: &str) -> Key {
    Key::new(&[terms_of(citizen).as_bytes(), &short::<14>(version)])
}

/// What begins the keys of all acceptances of a citizen.
pub(super) fn terms_of(citizen: &str) -> Key {
    Key::new(&[&[TERMS], &short::<14>(citizen)])
}

/// A citizen's permission for professionals.
pub(super) fn permission(citizen: &str) -> Key {
    Key::new(&[&[PERMISSION], &short::<24>(citizen)])
}

/// The care relationship of a citizen with the organisation behind a professional client.
pub(super) fn care_relationship(citizen: &str, client_id: &str) -> Key {
    Key::new(&[care_relationships_of(citizen).as_bytes(), &short::<14>(client_id)])
}

/// What begins the keys of all care relationships of a citizen.
pub(super) fn care_relationships_of(citizen: &str) -> Key {
    Key::new(&[&[CARE_RELATIONSHIP], &short::<14>(citizen)])
}

/// The registration of a client, by the client's id.
pub(super) fn registration(client_id: &str) -> Key {
    Key::new(&[&[REGISTRATION], &short::<16>(client_id)])
}

/// The id of the client that a registration access token is for.
pub(super) fn registration_token(token: &str) -> Key {
    Key::new(&[&[REGISTRATION_TOKEN], &short::<24>(token)])
}

/// A developer's account, by its name.
pub(super) fn developer(name: &str) -> Key {
    Key::new(&[&[DEVELOPER], &short::<24>(name)])
}

/// That a client is on a developer's list.
pub(super) fn owned(developer: &str, client_id: &str) -> Key {
    Key::new(&[owned_by(developer).as_bytes(), &short::<14>(client_id)])
}

/// What begins the keys of all clients on a developer's list.
pub(super) fn owned_by(developer: &str) -> Key {
    Key::new(&[&[OWNED], &short::<14>(developer)])
}

/// A browser session, by its cookie.
pub(super) fn session(cookie: &str) -> Key {
    Key::new(&[&[SESSION], &short::<24>(cookie)])
}

/// The SHA-256 digest of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sum
}

/// The first `N` (at most 32) bytes of the digest of a name.
fn short<const N: usize>(name: &str) -> [u8; N] {
    let mut start = [0; N];
    start.copy_from_slice(&sha256(name.as_bytes())[..N]);
    start
}
