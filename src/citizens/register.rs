//! The citizens of one tenant, in its store.
//!
//! | key | value |
//! |---|---|
//! | `40` number (4 bytes) | the citizen as JSON; the numbers give the order of the list |
//! | `41` hash of the id (20 bytes) | number |
//! | `42` personal identity code (11 bytes) | number |
//! | `43` pseudonym (16 bytes) | number |
//! | `44` | the next number |

use super::{Citizen, PersonalIdentityCode, is_slug};
use crate::store::{AttemptError, Batch, CommitError, Key, Store, Value, View};
use aws_lc_rs::digest;
use uuid::Uuid;

const CITIZEN: u8 = 0x40;
const BY_ID: u8 = 0x41;
const BY_CODE: u8 = 0x42;
const BY_PSEUDONYM: u8 = 0x43;
const NEXT: u8 = 0x44;

/// The register of a tenant's citizens. Every method sees and leaves a consistent state, also from several threads.
#[derive(Clone, Debug)]
pub struct Citizens {
    store: Store,
}

/// Why a citizen was not added. The messages name the field and are safe to show and to log.
#[derive(Debug, thiserror::Error)]
pub enum AddCitizenError {
    /// The id is not a slug.
    #[error("id: {0:?} cannot be an id; use 1–64 lower-case letters a–z, digits and single hyphens, a letter first")]
    Id(String),
    /// The id is taken.
    #[error("id: there is already a citizen {0:?}")]
    IdTaken(String),
    /// The code is taken.
    #[error("personal_identity_code: {0:?} is the code of another citizen, {1:?}")]
    CodeTaken(PersonalIdentityCode, String),
    /// The pseudonym is taken.
    #[error("pseudonym: {0} is the pseudonym of another citizen, {1:?}")]
    PseudonymTaken(Uuid, String),
    /// The pseudonym is the nil UUID.
    #[error("pseudonym: the nil UUID cannot be a pseudonym")]
    NilPseudonym,
    /// A name is empty, too long or has control characters.
    #[error("{0}: a name has 1–200 characters, none of them a control character")]
    Name(&'static str),
    /// The date of birth is not the code's.
    #[error("birth_date: it is the one in personal_identity_code, so leave it out or make both agree")]
    BirthDate,
    /// The store failed.
    #[error(transparent)]
    Store(CommitError),
}

/// Why a citizen did not get a pseudonym.
#[derive(Debug, thiserror::Error)]
pub enum SetPseudonymError {
    /// No such citizen.
    #[error("there is no citizen {0:?}")]
    Unknown(String),
    /// Somebody else has it.
    #[error("{0} is the pseudonym of another citizen, {1:?}")]
    Taken(Uuid, String),
    /// The store failed.
    #[error(transparent)]
    Store(CommitError),
}

impl Citizens {
    /// The register in `store`.
    pub fn new(store: Store) -> Citizens {
        Citizens { store }
    }

    /// All citizens, in the order they were added.
    pub fn list(&self) -> Vec<Citizen> {
        self.store.view().prefix(&[CITIZEN]).filter_map(|(_, value)| read(value)).collect()
    }

    /// The citizen with this id or personal identity code.
    pub fn get(&self, id_or_code: &str) -> Option<Citizen> {
        let view = self.store.view();
        find(&view, &index_of(id_or_code)?).map(|(_, _, citizen)| citizen)
    }

    /// The citizen with this personal identity code.
    pub fn by_code(&self, code: PersonalIdentityCode) -> Option<Citizen> {
        find(&self.store.view(), &code_key(code)).map(|(_, _, citizen)| citizen)
    }

    /// The citizen with this pseudonym.
    pub fn by_pseudonym(&self, pseudonym: Uuid) -> Option<Citizen> {
        find(&self.store.view(), &pseudonym_key(pseudonym)).map(|(_, _, citizen)| citizen)
    }

    /// Adds a citizen at the end of the list. Its id, code and pseudonym must be free.
    pub fn add(&self, citizen: Citizen) -> Result<Citizen, AddCitizenError> {
        check(&citizen)?;
        self.store
            .attempt(|view| {
                let mut batch = Batch::new();
                put_new(view, &mut batch, &citizen)?;
                Ok((batch, citizen.clone()))
            })
            .map_err(flatten)
    }

    /// The citizen with a code typed on the identification page; made on the spot, with an id such as `citizen-2`,
    /// when there is none. `names` are given and family names, else neutral ones.
    pub fn find_or_add(
        &self,
        code: PersonalIdentityCode,
        names: Option<(&str, &str)>,
    ) -> Result<Citizen, AddCitizenError> {
        // Most of the time the citizen is there, and a durable store need not be asked to write nothing.
        if let Some(citizen) = self.by_code(code) {
            return Ok(citizen);
        }
        self.store
            .attempt(|view| {
                if let Some((_, _, citizen)) = find(view, &code_key(code)) {
                    return Ok((Batch::new(), citizen));
                }
                let first_choice = next_number(view).saturating_add(1);
                let id = (first_choice..)
                    .map(|number| format!("citizen-{number}"))
                    .find(|id| view.get(&id_key(id)).is_none())
                    .unwrap_or_default();
                let mut citizen = Citizen::new(id, code);
                citizen.describe([
                    "Came in with a code typed on the identification page.",
                    "Tuli tunnistautumissivulle kirjoitetulla henkilötunnuksella.",
                    "Kom med en personbeteckning som skrevs in på identifieringssidan.",
                ]);
                if let Some((given_names, family_name)) = names {
                    citizen.given_names = given_names.to_owned();
                    citizen.family_name = family_name.to_owned();
                }
                check(&citizen)?;
                let mut batch = Batch::new();
                put_new(view, &mut batch, &citizen)?;
                Ok((batch, citizen))
            })
            .map_err(flatten)
    }

    /// Gives a citizen the pseudonym `proposed` unless it has one; answers the one that holds. When several first
    /// approvals come at once, all get the same.
    pub fn set_pseudonym(&self, id_or_code: &str, proposed: Uuid) -> Result<Uuid, SetPseudonymError> {
        let unknown = || SetPseudonymError::Unknown(shown(id_or_code));
        let index = index_of(id_or_code).ok_or_else(unknown)?;
        if let Some((_, _, Citizen { pseudonym: Some(pseudonym), .. })) = find(&self.store.view(), &index) {
            return Ok(pseudonym);
        }
        let outcome = self.store.attempt(|view| {
            let (key, stored, mut citizen) = find(view, &index).ok_or_else(unknown)?;
            if let Some(pseudonym) = citizen.pseudonym {
                return Ok((Batch::new(), pseudonym));
            }
            if let Some((_, _, other)) = find(view, &pseudonym_key(proposed)) {
                return Err(SetPseudonymError::Taken(proposed, other.id));
            }
            citizen.pseudonym = Some(proposed);
            let mut batch = Batch::new();
            batch.require_equal(key, stored).require_absent(pseudonym_key(proposed));
            batch.put(key, write(&citizen)).put(pseudonym_key(proposed), number_in(&key));
            Ok((batch, proposed))
        });
        outcome.map_err(|error| match error {
            AttemptError::Refused(refusal) => refusal,
            AttemptError::Commit(error) => SetPseudonymError::Store(error),
        })
    }

    /// Takes a citizen off the list and answers who it was. Records and access rights are other rooms' business.
    pub fn remove(&self, id_or_code: &str) -> Result<Option<Citizen>, CommitError> {
        let Some(index) = index_of(id_or_code) else { return Ok(None) };
        let outcome = self.store.attempt(|view| {
            let mut batch = Batch::new();
            let Some((key, stored, citizen)) = find(view, &index) else { return Ok((batch, None)) };
            batch.require_equal(key, stored).remove(key);
            batch.remove(id_key(&citizen.id)).remove(code_key(citizen.personal_identity_code));
            if let Some(pseudonym) = citizen.pseudonym {
                batch.remove(pseudonym_key(pseudonym));
            }
            Ok::<_, std::convert::Infallible>((batch, Some(citizen)))
        });
        outcome.map_err(|error| match error {
            AttemptError::Refused(never) => match never {},
            AttemptError::Commit(error) => error,
        })
    }

    /// Writes the first citizens of a tenant into `batch`, which may hold other rooms' first state as well
    /// (for [`Store::reset`] or a first commit). Ids, codes and pseudonyms must differ, as they do in a seed.
    pub fn seed(batch: &mut Batch, citizens: &[Citizen]) {
        for (number, citizen) in (0_u32..).zip(citizens) {
            put(batch, number, citizen);
        }
        batch.put(Key::new(&[&[NEXT]]), (citizens.len() as u32).to_be_bytes().as_slice());
    }
}

/// The rules a citizen keeps by itself.
pub(super) fn check(citizen: &Citizen) -> Result<(), AddCitizenError> {
    let is_name = |name: &str| {
        let length = name.chars().count();
        !name.trim().is_empty() && length <= 200 && !name.contains(char::is_control)
    };
    if !is_slug(&citizen.id) {
        return Err(AddCitizenError::Id(shown(&citizen.id)));
    }
    if !is_name(&citizen.given_names) {
        return Err(AddCitizenError::Name("given_names"));
    }
    if !is_name(&citizen.family_name) {
        return Err(AddCitizenError::Name("family_name"));
    }
    if citizen.birth_date != citizen.personal_identity_code.birth_date() {
        return Err(AddCitizenError::BirthDate);
    }
    if citizen.pseudonym.is_some_and(|pseudonym| pseudonym.is_nil()) {
        return Err(AddCitizenError::NilPseudonym);
    }
    Ok(())
}

fn put_new(view: &View, batch: &mut Batch, citizen: &Citizen) -> Result<(), AddCitizenError> {
    let owner = |key: &Key| find(view, key).map(|(_, _, other)| other.id);
    let code = citizen.personal_identity_code;
    if owner(&id_key(&citizen.id)).is_some() {
        return Err(AddCitizenError::IdTaken(citizen.id.clone()));
    }
    if let Some(other) = owner(&code_key(code)) {
        return Err(AddCitizenError::CodeTaken(code, other));
    }
    if let Some(pseudonym) = citizen.pseudonym {
        if let Some(other) = owner(&pseudonym_key(pseudonym)) {
            return Err(AddCitizenError::PseudonymTaken(pseudonym, other));
        }
        batch.require_absent(pseudonym_key(pseudonym));
    }
    let counter = Key::new(&[&[NEXT]]);
    match view.get(&counter) {
        Some(value) => batch.require_equal(counter, value.clone()),
        None => batch.require_absent(counter),
    };
    let number = next_number(view);
    batch.require_absent(id_key(&citizen.id)).require_absent(code_key(code));
    batch.put(counter, number.saturating_add(1).to_be_bytes().as_slice());
    put(batch, number, citizen);
    Ok(())
}

fn put(batch: &mut Batch, number: u32, citizen: &Citizen) {
    let number = number.to_be_bytes();
    batch.put(Key::new(&[&[CITIZEN], &number]), write(citizen));
    batch.put(id_key(&citizen.id), number.as_slice());
    batch.put(code_key(citizen.personal_identity_code), number.as_slice());
    if let Some(pseudonym) = citizen.pseudonym {
        batch.put(pseudonym_key(pseudonym), number.as_slice());
    }
}

/// The entry an index key leads to: its key, its bytes and what they say.
fn find(view: &View, index: &Key) -> Option<(Key, Value, Citizen)> {
    let key = Key::new(&[&[CITIZEN], view.get(index)?.get(..4)?]);
    let value = view.get(&key)?;
    Some((key, value.clone(), read(value)?))
}

/// The index key of an id or a code; none when the text can be neither.
fn index_of(id_or_code: &str) -> Option<Key> {
    if is_slug(id_or_code) {
        return Some(id_key(id_or_code));
    }
    PersonalIdentityCode::parse(id_or_code).ok().map(code_key)
}

fn id_key(id: &str) -> Key {
    Key::new(&[&[BY_ID], &digest::digest(&digest::SHA256, id.as_bytes()).as_ref()[..20]])
}

fn code_key(code: PersonalIdentityCode) -> Key {
    Key::new(&[&[BY_CODE], code.as_str().as_bytes()])
}

fn pseudonym_key(pseudonym: Uuid) -> Key {
    Key::new(&[&[BY_PSEUDONYM], pseudonym.as_bytes()])
}

/// The number within a citizen's key, as the indexes hold it.
fn number_in(key: &Key) -> &[u8] {
    &key.as_bytes()[1..]
}

fn next_number(view: &View) -> u32 {
    let stored = view.get(&Key::new(&[&[NEXT]]));
    stored.and_then(|value| Some(u32::from_be_bytes(value.get(..4)?.try_into().ok()?))).unwrap_or(0)
}

fn read(value: &Value) -> Option<Citizen> {
    serde_json::from_slice(value).ok()
}

fn write(citizen: &Citizen) -> Vec<u8> {
    // A struct of strings always serialises.
    serde_json::to_vec(citizen).unwrap_or_default()
}

/// What an error may repeat of a text that was meant as an id: never something that could be a code.
fn shown(id: &str) -> String {
    let digits = id.chars().filter(char::is_ascii_digit).count();
    if digits >= 6 && !is_slug(id) { "(masked)".to_owned() } else { id.chars().take(64).collect() }
}

fn flatten(error: AttemptError<AddCitizenError>) -> AddCitizenError {
    match error {
        AttemptError::Refused(refusal) => refusal,
        AttemptError::Commit(error) => AddCitizenError::Store(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::citizens::People;
    use jiff::civil::date;

    fn citizens() -> Citizens {
        Citizens::new(Store::in_memory())
    }

    fn code(nth: u32) -> PersonalIdentityCode {
        PersonalIdentityCode::for_birth_date(date(1985, 6, 15), nth).unwrap()
    }

    #[test]
    fn citizens_are_found_by_id_code_and_pseudonym_and_listed_in_order() {
        let citizens = citizens();
        let mut zeta = Citizen::new("zeta", code(0));
        zeta.pseudonym = Some(Uuid::from_u128(7));
        citizens.add(zeta.clone()).unwrap();
        let alpha = citizens.add(Citizen::new("alpha", code(1))).unwrap();
        assert_eq!(citizens.list(), [zeta.clone(), alpha.clone()]);
        assert_eq!(citizens.get("alpha"), Some(alpha.clone()));
        assert_eq!(citizens.get(&code(1).to_string().to_lowercase()), Some(alpha.clone()));
        assert_eq!(citizens.by_code(code(0)), Some(zeta.clone()));
        assert_eq!(citizens.by_pseudonym(Uuid::from_u128(7)), Some(zeta.clone()));
        assert_eq!(citizens.get("nobody"), None);
        assert_eq!(citizens.remove("zeta").unwrap(), Some(zeta.clone()));
        assert_eq!(citizens.remove("zeta").unwrap(), None);
        assert_eq!(citizens.by_pseudonym(Uuid::from_u128(7)), None);
        citizens.add(zeta.clone()).unwrap();
        assert_eq!(citizens.list(), [alpha, zeta]);
    }

    #[test]
    fn what_is_taken_or_malformed_is_refused_without_a_trace() {
        let citizens = citizens();
        let mut aino = Citizen::new("aino", code(0));
        aino.pseudonym = Some(Uuid::from_u128(1));
        citizens.add(aino.clone()).unwrap();
        let refusal = |citizen: Citizen| citizens.add(citizen).unwrap_err().to_string();
        assert_eq!(refusal(Citizen::new("aino", code(1))), r#"id: there is already a citizen "aino""#);
        assert_eq!(
            refusal(Citizen::new("eero", code(0))),
            r#"personal_identity_code: 150685-**** is the code of another citizen, "aino""#
        );
        let mut eero = Citizen::new("eero", code(1));
        eero.pseudonym = aino.pseudonym;
        assert!(refusal(eero.clone()).contains("is the pseudonym of another citizen"));
        eero.pseudonym = Some(Uuid::nil());
        assert!(refusal(eero.clone()).contains("nil"));
        eero.pseudonym = None;
        eero.birth_date = date(1985, 6, 16);
        assert!(refusal(eero.clone()).starts_with("birth_date: "));
        eero.given_names = " ".to_owned();
        assert!(refusal(eero).starts_with("given_names: "));
        assert!(refusal(Citizen::new("Eero", code(1))).starts_with("id: "));
        assert!(!refusal(Citizen::new(code(1).as_str(), code(1))).contains("150685-9"));
        assert_eq!(citizens.list(), [aino]);
    }

    #[test]
    fn a_typed_code_makes_a_citizen_once() {
        let citizens = citizens();
        citizens.add(Citizen::new("aino", code(0))).unwrap();
        assert_eq!(citizens.find_or_add(code(0), None).unwrap().id, "aino");
        let made = citizens.find_or_add(code(1), None).unwrap();
        assert_eq!((made.id.as_str(), made.full_name().as_str()), ("citizen-2", "Testi Kansalainen"));
        assert_eq!(citizens.find_or_add(code(1), Some(("Eero", "Kivikari"))).unwrap(), made);
        citizens.add(Citizen::new("citizen-4", code(2))).unwrap();
        assert_eq!(citizens.find_or_add(code(3), Some(("Eero", "Kivikari"))).unwrap().id, "citizen-5");
        assert!(citizens.find_or_add(code(4), Some(("", "Kivikari"))).is_err());
    }

    #[test]
    fn concurrent_first_approvals_agree_on_one_pseudonym() {
        let citizens = citizens();
        citizens.add(Citizen::new("aino", code(0))).unwrap();
        let given: Vec<Uuid> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=8)
                .map(|n| {
                    let citizens = &citizens;
                    scope.spawn(move || citizens.set_pseudonym("aino", Uuid::from_u128(n)).unwrap())
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(given.iter().all(|pseudonym| *pseudonym == given[0]));
        assert_eq!(citizens.by_pseudonym(given[0]).unwrap().id, "aino");
        assert_eq!(citizens.get("aino").unwrap().pseudonym, Some(given[0]));
        citizens.add(Citizen::new("eero", code(1))).unwrap();
        assert!(matches!(citizens.set_pseudonym("eero", given[0]), Err(SetPseudonymError::Taken(..))));
        assert!(matches!(citizens.set_pseudonym("nobody", given[0]), Err(SetPseudonymError::Unknown(_))));
    }

    #[test]
    fn concurrent_additions_are_all_kept() {
        let citizens = citizens();
        let people: Vec<Citizen> = People::new(3).take(64).collect();
        std::thread::scope(|scope| {
            for part in people.chunks(16) {
                let citizens = &citizens;
                scope.spawn(move || part.iter().for_each(|person| drop(citizens.add(person.clone()).unwrap())));
            }
        });
        assert_eq!(citizens.list().len(), 64);
    }

    #[test]
    fn a_seeded_register_goes_on_counting() {
        let store = Store::in_memory();
        let people: Vec<Citizen> = People::new(3).take(3).collect();
        let mut batch = Batch::new();
        Citizens::seed(&mut batch, &people);
        store.reset(batch).unwrap();
        let citizens = Citizens::new(store);
        assert_eq!(citizens.list(), people);
        assert_eq!(citizens.find_or_add(code(0), None).unwrap().id, "citizen-4");
        assert_eq!(citizens.list().len(), 4);
    }
}
