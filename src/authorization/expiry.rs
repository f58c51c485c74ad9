//! Forgetting what has expired: whoever writes something that expires also notes when, and takes a few overdue things
//! away in the same commit. So the store stays bounded under load without a task that runs beside it.

use super::keys;
use crate::store::{Batch, Key, View};
use jiff::{SignedDuration, Timestamp};

/// Expired things are kept this long, to be able to say why they are refused (and for a clock that is moved back a little).
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How many overdue things one commit takes away; more than one, so that the overdue ones always get fewer.
const AT_ONCE: usize = 4;

/// Notes that `key` expires at `at`, and removes some of what expired long before `now`.
pub(super) fn note(batch: &mut Batch, view: &View, key: Key, at: Timestamp, now: Timestamp) {
    let name = key.as_bytes();
    let tail = &name[name.len() - name.len().min(16)..];
    batch.put(Key::new(&[&[keys::EXPIRY], &sortable(at), tail]), name);
    let overdue = Key::new(&[&[keys::EXPIRY], &sortable(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN))]);
    for (note, name) in view.range(Key::new(&[&[keys::EXPIRY]]), overdue).take(AT_ONCE) {
        batch.remove(*note).remove(Key::new(&[name]));
    }
}

/// Bytes that sort as the instants do.
fn sortable(at: Timestamp) -> [u8; 8] {
    at.as_millisecond().wrapping_sub(i64::MIN).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn what_expired_a_day_ago_goes_with_the_next_write() {
        let store = Store::in_memory();
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let write = |name: &[u8], expires, now| {
            let (key, mut batch) = (Key::new(&[name]), Batch::new());
            batch.put(key, &b"x"[..]);
            note(&mut batch, &store.view(), key, expires, now);
            store.commit(batch).unwrap();
        };
        write(b"\x13a", at(-1), at(-2));
        write(b"\x13b", at(10), at(0));
        assert!(store.get(&Key::new(&[b"\x13a"])).is_some());
        write(b"\x13c", at(40), at(25));
        assert!(store.get(&Key::new(&[b"\x13a"])).is_none());
        assert!(store.get(&Key::new(&[b"\x13b"])).is_some());
        assert_eq!(store.view().prefix(&[keys::EXPIRY]).count(), 2);
    }
}
