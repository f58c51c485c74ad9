//! The accounts of developers on the self-service registration pages.
//!
//! They guard nothing but the registrations of a sandbox; passwords are hashed all the same, because people reuse them.

use super::{Authorization, keys};
use crate::store::{Batch, CommitError};
use crate::time::Random;
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Work per attempt: some milliseconds, which also bounds guessing without locking anyone out.
const ROUNDS: NonZeroU32 = NonZeroU32::new(20_000).unwrap();

/// A stored account.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    name: String,
    salt: String,
    hash: String,
    since: Timestamp,
}

/// Why an account was not made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeveloperError {
    /// The name has other characters than it may.
    #[error("a user name has 2 to 64 letters, digits, dots, hyphens, underscores or @ signs")]
    Name,
    /// The password is too short or too long.
    #[error("a password has 8 to 200 characters")]
    Password,
    /// The name is taken.
    #[error("the user name is taken")]
    Taken,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl Authorization {
    /// Makes an account.
    pub fn add_developer(
        &self,
        name: &str,
        password: &str,
        now: Timestamp,
        random: &Random,
    ) -> Result<(), DeveloperError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
        if !(2..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(DeveloperError::Name);
        }
        check_password(password)?;
        let salt = random.token(16);
        let account = Account { name: name.to_owned(), hash: hashed(&salt, password), salt, since: now };
        let key = keys::developer(name);
        let mut batch = Batch::new();
        batch.require_absent(key).put(key, super::encode(&account));
        match self.store.commit(batch) {
            Ok(()) => Ok(()),
            Err(CommitError::Condition(_)) => Err(DeveloperError::Taken),
            Err(error) => Err(DeveloperError::Store(error.to_string())),
        }
    }

    /// Whether name and password belong together. Takes as long for a name that nobody has.
    pub fn is_developer(&self, name: &str, password: &str) -> bool {
        let account: Option<Account> = self.store.get(&keys::developer(name)).and_then(|value| super::decode(&value));
        let (salt, hash, known) = match &account {
            Some(account) => (account.salt.as_str(), account.hash.as_str(), true),
            None => ("none", "", false),
        };
        let hash = URL_SAFE_NO_PAD.decode(hash).unwrap_or_default();
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::verify(algorithm, ROUNDS, salt.as_bytes(), password.as_bytes(), &hash).is_ok() && known
    }
}

/// Whether a password may be one.
pub fn check_password(password: &str) -> Result<(), DeveloperError> {
    if (8..=200).contains(&password.chars().count()) { Ok(()) } else { Err(DeveloperError::Password) }
}

fn hashed(salt: &str, password: &str) -> String {
    let mut hash = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt.as_bytes(), password.as_bytes(), &mut hash);
    URL_SAFE_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn an_account_opens_with_its_own_password_only() {
        let (room, random) = (Authorization::new(Store::in_memory()), Random::seeded(1));
        let add = |name: &str, password: &str| room.add_developer(name, password, Timestamp::UNIX_EPOCH, &random);
        assert_eq!(add("dev", "correct horse"), Ok(()));
        assert_eq!(add("dev", "another one"), Err(DeveloperError::Taken));
        assert_eq!(add("d<v", "correct horse"), Err(DeveloperError::Name));
        assert_eq!(add("dev2", "short"), Err(DeveloperError::Password));
        assert!(room.is_developer("dev", "correct horse"));
        assert!(!room.is_developer("dev", "correct hors") && !room.is_developer("dev2", "correct horse"));
        assert!(!room.is_developer("dev2", ""));
    }
}
