//! The clock and the randomness of a tenant: the only file that may ask the system for either.
//!
//! Everything else is handed a [`Clock`] or a [`Random`] (or a plain [`Timestamp`]), so that a test can
//! stop time, move it, and repeat a run (`clippy.toml` forbids the system's own calls elsewhere).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use uuid::Uuid;

/// How a clock differs from the system's: what a tenant stores of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Milliseconds added to the system's time while the clock runs.
    pub offset_ms: i64,
    /// The instant at which the clock stands, as milliseconds since 1970, when it is frozen.
    pub frozen_at_ms: Option<i64>,
}

/// A clock that follows the system's with an offset, or stands still.
#[derive(Debug, Default)]
pub struct Clock(Mutex<ClockState>);

impl Clock {
    /// A running clock that shows the system's time.
    pub fn system() -> Clock {
        Clock::default()
    }

    /// A clock that goes on from a stored state.
    pub fn from_state(state: ClockState) -> Clock {
        Clock(Mutex::new(state))
    }

    /// The state to store.
    pub fn state(&self) -> ClockState {
        *self.lock()
    }

    /// Replaces the state.
    pub fn set_state(&self, state: ClockState) {
        *self.lock() = state;
    }

    /// The present instant, in whole milliseconds (the precision of the wire).
    pub fn now(&self) -> Timestamp {
        let state = *self.lock();
        let milliseconds = state.frozen_at_ms.unwrap_or_else(|| system_milliseconds().saturating_add(state.offset_ms));
        from_milliseconds(milliseconds)
    }

    /// Makes the clock show `now`; a frozen clock stays frozen there.
    pub fn set(&self, now: Timestamp) {
        let mut state = self.lock();
        match state.frozen_at_ms {
            Some(_) => state.frozen_at_ms = Some(now.as_millisecond()),
            None => state.offset_ms = now.as_millisecond().saturating_sub(system_milliseconds()),
        }
    }

    /// Moves the clock by `by`, forwards or backwards.
    pub fn advance(&self, by: SignedDuration) {
        let now = self.now();
        self.set(from_milliseconds(now.as_millisecond().saturating_add(by.as_millis() as i64)));
    }

    /// Stops the clock where it is, or lets it go on from there.
    pub fn freeze(&self, frozen: bool) {
        let now = self.now();
        let mut state = self.lock();
        if frozen {
            state.frozen_at_ms = Some(now.as_millisecond());
        } else if state.frozen_at_ms.take().is_some() {
            state.offset_ms = now.as_millisecond().saturating_sub(system_milliseconds());
        }
    }

    fn lock(&self) -> MutexGuard<'_, ClockState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source of random bytes: the operating system's entropy behind a ChaCha generator, or a fixed seed.
#[derive(Debug)]
pub struct Random(Mutex<StdRng>);

impl Random {
    /// Seeded by the operating system: unpredictable.
    #[expect(clippy::disallowed_methods, reason = "this file is where randomness comes from")]
    pub fn system() -> Random {
        Random(Mutex::new(StdRng::from_rng(&mut rand::rng())))
    }

    /// The same sequence every time, for repeatable runs.
    pub fn seeded(seed: u64) -> Random {
        Random(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.lock().fill_bytes(bytes);
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `length` characters out of `A-Za-z0-9`.
    pub fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut generator = self.lock();
        (0..length).map(|_| char::from(ALPHABET[generator.random_range(0..ALPHABET.len())])).collect()
    }

    /// `bytes` random bytes in base64url without padding.
    pub fn token(&self, bytes: usize) -> String {
        use base64::Engine;
        let mut buffer = vec![0; bytes];
        self.fill(&mut buffer);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(buffer)
    }

    fn lock(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time zone of the recorded server's time stamps (resource-server.md §5).
pub fn helsinki() -> &'static TimeZone {
    static HELSINKI: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Helsinki").unwrap_or(TimeZone::UTC));
    &HELSINKI
}

/// An instant as the recorded server writes it: Helsinki offset and milliseconds, `2019-05-27T12:05:44.669+03:00`.
pub fn to_helsinki(instant: Timestamp) -> String {
    instant.to_zoned(helsinki().clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// A point on the system's monotonic clock, for measuring how long something took.
#[expect(clippy::disallowed_methods, reason = "this file is where time comes from")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this file is where time comes from")]
fn system_milliseconds() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Out-of-range values are clamped to what a [`Timestamp`] can show.
fn from_milliseconds(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_until_it_is_set_or_thawed() {
        let clock = Clock::system();
        clock.freeze(true);
        let noon: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        clock.set(noon);
        assert_eq!(clock.now(), noon);
        clock.advance(SignedDuration::from_hours(1));
        assert_eq!(clock.now().to_string(), "2026-06-01T13:00:00Z");
        clock.freeze(false);
        assert!(clock.now().as_millisecond() >= noon.as_millisecond() + 3_600_000);
        assert_eq!(clock.state().frozen_at_ms, None);
    }

    #[test]
    fn helsinki_time_has_summer_time_and_milliseconds() {
        assert_eq!(to_helsinki("2019-05-27T09:05:44.669Z".parse().unwrap()), "2019-05-27T12:05:44.669+03:00");
        assert_eq!(to_helsinki("2018-03-13T12:01:59Z".parse().unwrap()), "2018-03-13T14:01:59.000+02:00");
    }

    #[test]
    fn a_seed_repeats_the_sequence() {
        let (one, other) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(one.uuid(), other.uuid());
        assert_eq!(one.alphanumeric(6), other.alphanumeric(6));
        assert_eq!(one.uuid().get_version_num(), 4);
    }
}
