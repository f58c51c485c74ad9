//! Browser sessions: a cookie names one, the store holds it.

use super::{Authorization, expiry, keys};
use crate::store::{Batch, CommitError};
use crate::time::Random;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How long a session of someone signed in lasts by the tenant's clock.
const SIGNED_IN: SignedDuration = SignedDuration::from_hours(12);
/// How long a session lasts in which nobody has signed in.
const ANONYMOUS: SignedDuration = SignedDuration::from_hours(1);

/// A browser session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who signed in, by the citizen's id.
    pub citizen: Option<String>,
    /// The developer who signed in to the registration pages, by the name of the account.
    #[serde(default)]
    pub developer: Option<String>,
    /// When.
    pub signed_in_at: Option<Timestamp>,
    /// What every form of this session must send back.
    pub csrf: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether a form carries this session's own token.
    pub fn made(&self, csrf: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(csrf.as_bytes()))
    }
}

impl Authorization {
    /// The session of a cookie, if it has not ended.
    pub fn session(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        let session: Session = self.store.get(&keys::session(cookie)).and_then(|value| super::decode(&value))?;
        (now < session.expires_at).then_some(session)
    }

    /// Begins a session, signed in as `citizen` or anonymous, in place of the one that the browser had: a cookie that
    /// someone knew before the sign-in is worth nothing after it. Gives the new cookie.
    pub fn begin_session(
        &self,
        replaced: Option<&str>,
        citizen: Option<&str>,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        self.begin(replaced, citizen, None, now, random)
    }

    /// The same for the registration pages, whose cookie is another.
    pub fn begin_developer_session(
        &self,
        replaced: Option<&str>,
        developer: Option<&str>,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        self.begin(replaced, None, developer, now, random)
    }

    fn begin(
        &self,
        replaced: Option<&str>,
        citizen: Option<&str>,
        developer: Option<&str>,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        let somebody = citizen.is_some() || developer.is_some();
        let lasts = if somebody { SIGNED_IN } else { ANONYMOUS };
        let session = Session {
            citizen: citizen.map(str::to_owned),
            developer: developer.map(str::to_owned),
            signed_in_at: somebody.then_some(now),
            csrf: random.token(24),
            expires_at: now.saturating_add(lasts).unwrap_or(Timestamp::MAX),
        };
        let cookie = random.token(32);
        let key = keys::session(&cookie);
        let mut batch = Batch::new();
        if let Some(replaced) = replaced {
            batch.remove(keys::session(replaced));
        }
        batch.put(key, super::encode(&session));
        expiry::note(&mut batch, &self.store.view(), key, session.expires_at, now);
        self.store.commit(batch)?;
        Ok((cookie, session))
    }

    /// Ends a session.
    pub fn end_session(&self, cookie: &str) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.remove(keys::session(cookie));
        self.store.commit(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn signing_in_changes_cookie_and_form_token() {
        let (room, random) = (Authorization::new(Store::in_memory()), Random::seeded(1));
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let (before, anonymous) = room.begin_session(None, None, at(0), &random).unwrap();
        let (after, signed_in) = room.begin_session(Some(&before), Some("aino"), at(0), &random).unwrap();
        assert_eq!(room.session(&before, at(0)), None);
        assert_eq!(room.session(&after, at(11)).unwrap().citizen.as_deref(), Some("aino"));
        assert!(signed_in.made(&signed_in.csrf.clone()) && !signed_in.made(&anonymous.csrf) && !signed_in.made(""));
        assert_eq!(room.session(&after, at(12)), None);
        room.end_session(&after).unwrap();
        assert_eq!(room.session(&after, at(0)), None);
    }
}
