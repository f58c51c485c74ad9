//! Access tokens that were accepted before, with the grounds: while those are still what the store holds, the answer is
//! the same and nothing has to be decoded again. A commit that touches a ground, a reset or a restore ends it by itself.

use super::access::TokenInfo;
use super::rules::{Revocation, Rules};
use crate::store::{Key, Store, Value};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many tokens are remembered; beyond that all are forgotten and learnt anew.
const MOST: usize = 1_000;

/// The remembered tokens.
#[derive(Debug, Default)]
pub(super) struct Accepted(Mutex<HashMap<Key, Remembered>>);

#[derive(Debug)]
struct Remembered {
    /// What was looked up, with what was found.
    grounds: Vec<(Key, Value)>,
    /// The knobs it was judged by.
    judged_by: Judgement,
    info: Arc<TokenInfo>,
}

impl Accepted {
    /// What the token allows, if it was accepted before and nothing has changed.
    pub fn recall(&self, token: &Key, store: &Store, now: Timestamp, judgement: Judgement) -> Option<Arc<TokenInfo>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { grounds, judged_by, info } = remembered.get(token)?;
        let holds = *judged_by == judgement && now < info.expires_at && store.still_holds(grounds);
        holds.then(|| info.clone())
    }

    /// Remembers an accepted token.
    pub fn remember(&self, token: Key, grounds: Vec<(Key, Value)>, judged_by: Judgement, info: Arc<TokenInfo>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(token, Remembered { grounds, judged_by, info });
    }
}

/// The choices by which an access token is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    revocation: Revocation,
    require_permission: bool,
    require_care_relationship: bool,
}

impl Judgement {
    pub fn of(rules: &Rules) -> Judgement {
        Judgement {
            revocation: rules.revocation,
            require_permission: rules.require_professional_permission,
            require_care_relationship: rules.require_care_relationship,
        }
    }
}
