//! The real sandbox's purge: patients' resources that are older than three months go on four days of the year.

use super::{PURGED, Tenant, encode};
use crate::records::Refusal;
use crate::store::{Batch, Key};
use crate::time::helsinki;
use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, ToSpan};

/// The months that begin with a purge (onboarding-and-joint-testing.md §1).
const MONTHS: [i8; 4] = [3, 6, 9, 12];

impl Tenant {
    /// Removes for good what patients have that was last written longer ago than `age`. Returns how many resources went.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the store fails.
    pub fn purge(&self, age: Span) -> Result<usize, Refusal> {
        let now = self.clock.now().to_zoned(helsinki().clone());
        match now.checked_sub(age) {
            Ok(limit) => self.purge_until(limit.timestamp()),
            // Before the calendar begins there is nothing.
            Err(_) => Ok(0),
        }
    }

    /// Purges when a day of it has come since the last time (`purge.enabled`).
    ///
    /// # Errors
    /// [`Refusal::Store`] when the store fails.
    pub fn purge_when_due(&self) -> Result<(), Refusal> {
        if !self.settings().purge_enabled {
            return Ok(());
        }
        let due = latest_day(self.clock.now());
        let last =
            self.store.get(&Key::new(&[&PURGED])).and_then(|value| serde_json::from_slice::<Timestamp>(&value).ok());
        let last = last.or_else(|| self.started().map(latest_day));
        if last.is_some_and(|last| last >= due) {
            return Ok(());
        }
        let limit =
            due.to_zoned(helsinki().clone()).checked_sub(3.months()).map_or(Timestamp::MIN, |limit| limit.timestamp());
        self.purge_until(limit)?;
        self.note_purge(due).map_err(|error| Refusal::Store(error.to_string()))
    }

    /// What nobody has looked at yet goes like the rest: it is made first.
    fn purge_until(&self, limit: Timestamp) -> Result<usize, Refusal> {
        for pseudonym in self.citizens.list().into_iter().filter_map(|citizen| citizen.pseudonym) {
            self.touch(pseudonym)?;
        }
        self.records().purge(limit)
    }

    /// From now on only days that are still to come count.
    pub(super) fn begin_purging(&self, batch: &mut Batch) {
        batch.put(Key::new(&[&PURGED]), encode(&latest_day(self.clock.now())));
    }

    fn note_purge(&self, due: Timestamp) -> Result<(), crate::store::CommitError> {
        let mut batch = Batch::new();
        batch.put(Key::new(&[&PURGED]), encode(&due));
        self.store.commit(batch)
    }
}

/// When the latest day of purge began, in Finland.
fn latest_day(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(helsinki().clone()).date();
    let days = [today.year() - 1, today.year()]
        .into_iter()
        .flat_map(|year| MONTHS.into_iter().filter_map(move |month| Date::new(year, month, 1).ok()).map(working_day));
    let latest = days.filter(|day| *day <= today).max();
    let begun = latest.and_then(|day| day.to_zoned(helsinki().clone()).ok());
    begun.map_or(Timestamp::MIN, |begun| begun.timestamp())
}

/// The day itself, or the Monday after a weekend. Public holidays fall on none of the four.
fn working_day(day: Date) -> Date {
    let wait = match day.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    day.checked_add(wait.days()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_working_days() {
        let day = |now: &str| latest_day(now.parse().unwrap()).to_zoned(helsinki().clone()).date().to_string();
        assert_eq!(day("2026-06-15T12:00:00Z"), "2026-06-01");
        // 1 March 2026 is a Sunday; the second is the day.
        assert_eq!(day("2026-03-01T12:00:00Z"), "2025-12-01");
        assert_eq!(day("2026-03-02T12:00:00Z"), "2026-03-02");
        assert_eq!(day("2026-11-30T22:30:00Z"), "2026-12-01", "midnight has passed in Finland");
    }
}
