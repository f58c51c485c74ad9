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
    /// Who has identified but has not yet agreed that this is passed on, by the citizen's id.
    #[serde(default)]
    pub identified: Option<String>,
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

/// Whom a session is begun for.
#[derive(Clone, Copy, Default)]
struct Somebody<'a> {
    citizen: Option<&'a str>,
    identified: Option<&'a str>,
    developer: Option<&'a str>,
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
        self.begin(replaced, Somebody { citizen, ..Somebody::default() }, now, random)
    }

    /// The same for the registration pages, whose cookie is another.
    pub fn begin_developer_session(
        &self,
        replaced: Option<&str>,
        developer: Option<&str>,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        self.begin(replaced, Somebody { developer, ..Somebody::default() }, now, random)
    }

    fn begin(
        &self,
        replaced: Option<&str>,
        somebody: Somebody<'_>,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        let is_signed_in = somebody.citizen.is_some() || somebody.developer.is_some();
        let lasts = if is_signed_in { SIGNED_IN } else { ANONYMOUS };
        let session = Session {
            citizen: somebody.citizen.map(str::to_owned),
            identified: somebody.identified.map(str::to_owned),
            developer: somebody.developer.map(str::to_owned),
            signed_in_at: is_signed_in.then_some(now),
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

    /// Begins a session in which `citizen` has identified and is not signed in yet. The anonymous one before it is left to
    /// expire: its cookie, which someone may have known, says nothing of it.
    pub fn begin_identified_session(
        &self,
        citizen: &str,
        now: Timestamp,
        random: &Random,
    ) -> Result<(String, Session), CommitError> {
        let nobody = Somebody { identified: Some(citizen), ..Somebody::default() };
        self.begin(None, nobody, now, random)
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
        let (_, identified) = room.begin_identified_session("eino", at(0), &random).unwrap();
        assert_eq!((identified.identified.as_deref(), identified.citizen), (Some("eino"), None));
        room.end_session(&after).unwrap();
        assert_eq!(room.session(&after, at(0)), None);
    }
}
