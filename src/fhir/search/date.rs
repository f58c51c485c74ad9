//! Dates of resources and of searches as intervals of UTC milliseconds.
//!
//! A date without a time, or a time without a zone, is read in Helsinki local time (Kela, 2019-06).

use crate::time::helsinki;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// The first and the last millisecond that a date covers, both included, in UTC since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first millisecond; [`i64::MIN`] when the beginning is open.
    pub low: i64,
    /// The last millisecond; [`i64::MAX`] when the end is open.
    pub high: i64,
}

impl Interval {
    /// The interval of a resource that has no date: no search by date finds it.
    pub const NONE: Interval = Interval { low: i64::MAX, high: i64::MIN };

    /// The interval an instant fills at the precision of the wire.
    pub fn instant(instant: Timestamp) -> Interval {
        Interval { low: instant.as_millisecond(), high: instant.as_millisecond() }
    }

    /// Reads `2019`, `2019-05`, `2019-05-27`, `2019-05-27T12:05`, with seconds, fraction and zone, or nothing when it is none.
    pub fn parse(text: &str) -> Option<Interval> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let fields: Vec<&str> = date.split('-').collect();
        let year: i16 = digits(fields[0], 4)?.try_into().ok()?;
        let field = |at: usize| fields.get(at).map(|text| digits(text, 2).and_then(|number| i8::try_from(number).ok()));
        let (month, day) = match (field(1), field(2), fields.len()) {
            (None, None, 1) => (None, None),
            (Some(month), None, 2) => (Some(month?), None),
            (Some(month), Some(day), 3) => (Some(month?), Some(day?)),
            _ => return None,
        };
        let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
        if let Some(time) = time {
            day?;
            return time_of_day(first, time);
        }
        let next = match (month, day) {
            (None, _) => first.checked_add(1.year()),
            (_, None) => first.checked_add(1.month()),
            _ => first.checked_add(1.day()),
        };
        let low = milliseconds(first.to_datetime(jiff::civil::Time::midnight()), helsinki())?;
        let high = match next {
            Ok(next) => milliseconds(next.to_datetime(jiff::civil::Time::midnight()), helsinki())?.saturating_sub(1),
            // The year 9999 has no successor here.
            Err(_) => i64::MAX,
        };
        Some(Interval { low, high })
    }

    /// Whether the two have a millisecond in common.
    pub fn overlaps(self, other: Interval) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

fn time_of_day(date: Date, text: &str) -> Option<Interval> {
    let zone_at = text.find(['Z', '+', '-']);
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = match parts.next() {
        Some(second) => Some(digits(second, 2)?),
        None => None,
    };
    if parts.next().is_some() || (second.is_none() && fraction.is_some()) {
        return None;
    }
    // A leap second is the last instant of its minute.
    let seconds = second.unwrap_or(0).min(59);
    let (low_ms, width) = match fraction {
        Some(fraction) if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
            (digit(0) * 100 + digit(1) * 10 + digit(2), 1)
        }
        Some(_) => return None,
        None if second.is_some() => (0, 1000),
        None => (0, 60_000),
    };
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    let time = jiff::civil::Time::new(hour.try_into().ok()?, minute.try_into().ok()?, seconds.try_into().ok()?, 0);
    let local = midnight.with().time(time.ok()?).build().ok()?;
    let low = match zone {
        "" => milliseconds(local, helsinki())?,
        "Z" => milliseconds(local, &TimeZone::UTC)?,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let seconds = i32::try_from(digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60).ok()?;
            let offset = Offset::from_seconds(if zone.starts_with('-') { -seconds } else { seconds }).ok()?;
            milliseconds(local, &TimeZone::fixed(offset))?
        }
    }
    .saturating_add(low_ms);
    Some(Interval { low, high: low.saturating_add(width - 1) })
}

/// A time in the hour that summer time skips or repeats is read as the calendar libraries do ("compatible").
///
/// The calendar goes on for a day beyond what a timestamp holds at either end: such a time is the last, or the first, of
/// all, so that an end of time written as 9999-12-31 is found like any other.
fn milliseconds(local: DateTime, zone: &TimeZone) -> Option<i64> {
    match zone.to_timestamp(local) {
        Ok(instant) => Some(instant.as_millisecond()),
        Err(_) if local.year() >= 9999 => Some(Timestamp::MAX.as_millisecond()),
        Err(_) if local.year() <= -9999 => Some(Timestamp::MIN.as_millisecond()),
        Err(_) => None,
    }
}

/// Exactly `length` ASCII digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// How a search compares (FHIR search prefixes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `eq` or nothing: the two have time in common.
    Equal,
    /// `ne`: they have none.
    NotEqual,
    /// `lt`: something of the resource's time lies before.
    Less,
    /// `gt`: something of the resource's time lies behind.
    Greater,
    /// `le`: `lt` or `eq`.
    LessOrEqual,
    /// `ge`: `gt` or `eq`.
    GreaterOrEqual,
    /// `sa`: starts after.
    StartsAfter,
    /// `eb`: ends before.
    EndsBefore,
    /// `ap`: `eq` with a margin of a tenth of the distance to now.
    Approximately,
}

/// One value of a date parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateFilter {
    /// How to compare.
    pub prefix: Prefix,
    /// With what.
    pub interval: Interval,
}

impl DateFilter {
    /// Reads `ge2019-05-27T12:00:00+03:00` and the like; nothing when it is none.
    pub fn parse(text: &str) -> Option<DateFilter> {
        let prefix = match text.as_bytes() {
            [first, ..] if first.is_ascii_digit() => return Some(DateFilter::with(Prefix::Equal, text))?,
            [b'e', b'q', ..] => Prefix::Equal,
            [b'n', b'e', ..] => Prefix::NotEqual,
            [b'l', b't', ..] => Prefix::Less,
            [b'g', b't', ..] => Prefix::Greater,
            [b'l', b'e', ..] => Prefix::LessOrEqual,
            [b'g', b'e', ..] => Prefix::GreaterOrEqual,
            [b's', b'a', ..] => Prefix::StartsAfter,
            [b'e', b'b', ..] => Prefix::EndsBefore,
            [b'a', b'p', ..] => Prefix::Approximately,
            _ => return None,
        };
        DateFilter::with(prefix, &text[2..])
    }

    fn with(prefix: Prefix, text: &str) -> Option<DateFilter> {
        Some(DateFilter { prefix, interval: Interval::parse(text)? })
    }

    /// Between which beginnings (both included) all those dates lie that are asked for and last at most `width`
    /// milliseconds from the first to the last: where an index ordered by beginnings has to be looked at.
    pub fn beginnings(&self, width: i64, now: i64) -> (i64, i64) {
        let Interval { low, high } = self.interval;
        // The greatest width is that of open beginnings.
        let before = |bound: i64| if width == i64::MAX { i64::MIN } else { bound.saturating_sub(width) };
        match self.prefix {
            Prefix::Equal => (before(low), high),
            Prefix::NotEqual => (i64::MIN, i64::MAX),
            Prefix::Less | Prefix::EndsBefore => (i64::MIN, low),
            Prefix::LessOrEqual => (i64::MIN, high),
            Prefix::Greater => (before(high), i64::MAX),
            Prefix::GreaterOrEqual => (before(low), i64::MAX),
            Prefix::StartsAfter => (high, i64::MAX),
            Prefix::Approximately => {
                let margin = self.margin(now);
                (before(low.saturating_sub(margin)), high.saturating_add(margin))
            }
        }
    }

    fn margin(&self, now: i64) -> i64 {
        now.saturating_sub(self.interval.low).saturating_abs() / 10
    }

    /// Whether a resource with this date is asked for; `now` in UTC milliseconds is the middle of "approximately".
    pub fn matches(&self, date: Interval, now: i64) -> bool {
        if date == Interval::NONE {
            return false;
        }
        let Interval { low, high } = self.interval;
        match self.prefix {
            Prefix::Equal => date.overlaps(self.interval),
            Prefix::NotEqual => !date.overlaps(self.interval),
            Prefix::Less => date.low < low,
            Prefix::Greater => date.high > high,
            Prefix::LessOrEqual => date.low <= high,
            Prefix::GreaterOrEqual => date.high >= low,
            Prefix::StartsAfter => date.low > high,
            Prefix::EndsBefore => date.high < low,
            Prefix::Approximately => {
                let margin = self.margin(now);
                date.overlaps(Interval { low: low.saturating_sub(margin), high: high.saturating_add(margin) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn partial_dates_are_helsinki_days_months_and_years() {
        let day = Interval::parse("2019-05-27").unwrap();
        assert_eq!((day.low, day.high), (utc("2019-05-26T21:00:00Z"), utc("2019-05-27T20:59:59.999Z")));
        let month = Interval::parse("2019-02").unwrap();
        assert_eq!((month.low, month.high), (utc("2019-01-31T22:00:00Z"), utc("2019-02-28T21:59:59.999Z")));
        let year = Interval::parse("2019").unwrap();
        assert_eq!((year.low, year.high), (utc("2018-12-31T22:00:00Z"), utc("2019-12-31T21:59:59.999Z")));
    }

    #[test]
    fn times_have_the_width_of_their_precision() {
        let minute = Interval::parse("2019-05-27T12:05").unwrap();
        assert_eq!((minute.low, minute.high), (utc("2019-05-27T09:05:00Z"), utc("2019-05-27T09:05:59.999Z")));
        let second = Interval::parse("2019-05-27T12:05:44+03:00").unwrap();
        assert_eq!((second.low, second.high), (utc("2019-05-27T09:05:44Z"), utc("2019-05-27T09:05:44.999Z")));
        let exact = Interval::parse("2019-05-27T09:05:44.669Z").unwrap();
        assert_eq!((exact.low, exact.high), (utc("2019-05-27T09:05:44.669Z"), utc("2019-05-27T09:05:44.669Z")));
    }

    #[test]
    fn the_end_of_the_calendar_is_found() {
        let filter = |text: &str| DateFilter::parse(text).unwrap_or_else(|| panic!("{text}"));
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "9999-12-31", "9999-12", "9999"] {
            let date = Interval::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(date.low <= date.high, "{text}");
            for found in ["ge2019", "le9999-12-31", "le9999-12-31T23:59:59Z", "9999-12-31", "9999"] {
                assert!(filter(found).matches(date, 0), "{text} {found}");
            }
            assert!(!filter("lt2019").matches(date, 0));
        }
        assert!(Interval::parse("0000-01-01").is_some_and(|date| date.low <= date.high));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "19",
            "2019-13",
            "2019-02-30",
            "2019-05-27T",
            "2019-05-27T25:00",
            "2019-05-27T12:00:00 03:00",
            "2019-05T12:00",
            "2019-05-27T12:00:00+3",
            "ä",
            "2019-05-27T12:00:00.Z",
        ] {
            assert_eq!(Interval::parse(text), None, "{text}");
        }
    }

    #[test]
    fn prefixes_compare_intervals() {
        let may = Interval::parse("2019-05").unwrap();
        let matches = |filter: &str| DateFilter::parse(filter).unwrap().matches(may, utc("2019-06-01T00:00:00Z"));
        for filter in [
            "2019-05-27",
            "eq2019",
            "ne2019-06",
            "lt2019-05-15",
            "gt2019-05-15",
            "le2019-05",
            "ge2019-05",
            "sa2019-04",
            "eb2019-06",
            "ap2019-05",
        ] {
            assert!(matches(filter), "{filter}");
        }
        for filter in
            ["2019-06", "ne2019-05-01", "lt2019-05", "gt2019-05", "le2019-04", "ge2019-06", "sa2019-05", "eb2019-05"]
        {
            assert!(!matches(filter), "{filter}");
        }
        assert_eq!(DateFilter::parse("xx2019"), None);
        assert!(!DateFilter::parse("ne2019").unwrap().matches(Interval::NONE, 0));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = DateFilter::parse(&text);
        }
        #[test]
        fn no_date_like_text_panics(text in "[0-9]{1,5}(-[0-9]{1,3}){0,3}(T[0-9:.]{0,14}(Z|[+-][0-9:]{0,7})?)?") {
            let _ = Interval::parse(&text);
        }
    }

    #[test]
    fn beginnings_hold_every_date_that_matches() {
        let now = utc("2026-06-01T00:00:00Z");
        let dates = ["2026-05-01", "2026-05-31T23:59:59.999+03:00", "2025", "2026-05", "2030-01-01T00:00:00Z"];
        for prefix in ["eq", "ne", "lt", "gt", "le", "ge", "sa", "eb", "ap"] {
            for filter in dates {
                let filter = DateFilter::parse(&format!("{prefix}{filter}")).unwrap();
                for date in dates.map(|date| Interval::parse(date).unwrap()) {
                    let (from, to) = filter.beginnings(date.high - date.low, now);
                    assert!(!filter.matches(date, now) || (from..=to).contains(&date.low), "{filter:?} {date:?}");
                }
                let open = Interval { low: i64::MIN, high: i64::MAX };
                let (from, to) = filter.beginnings(i64::MAX, now);
                assert!(!filter.matches(open, now) || (from..=to).contains(&open.low), "{filter:?}");
            }
        }
    }
}
