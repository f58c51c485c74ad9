//! Times relative to the tenant's start: `-P3D` (a day), `-P3D 07:30` (a time of that day in Helsinki), `-PT45M`
//! (exactly so long before).

use crate::citizens::entry::Moment;
use crate::time::helsinki;
use jiff::civil::{Date, Time, date};
use jiff::{Span, SpanFieldwise, Timestamp, Zoned};
use serde::Deserialize;

/// A moment before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum When {
    /// A day.
    Day(Days),
    /// A time of a day.
    Time(Days, Time),
    /// So long before, at least a minute.
    Before(SpanFieldwise),
}

/// Whole days, weeks, months or years back from the day of the start; possibly none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Days(SpanFieldwise);

/// A time of day, `07:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct TimeOfDay(pub Time);

/// How often: `P1D`, `P1W` or `PT15M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Every {
    /// Every so many days.
    Days(i32),
    /// Every so many minutes.
    Minutes(i32),
}

impl When {
    /// The moment for a start, and the point in time it sorts by; none when the calendar does not reach so far back.
    pub fn at(&self, start: &Zoned) -> Option<(Moment, Timestamp)> {
        match *self {
            When::Day(days) => {
                let day = days.before(start.date())?;
                // A day is over when it is over.
                Some((Moment::Day(day), instant(day, Time::constant(23, 59, 59, 0))?))
            }
            When::Time(days, time) => {
                let at = instant(days.before(start.date())?, time)?;
                Some((Moment::Instant(at), at))
            }
            When::Before(span) => {
                let at = start.checked_add(span.0).ok()?.timestamp();
                // Resources say seconds, so nothing finer is meant.
                let at = Timestamp::from_second(at.as_second()).ok()?;
                Some((Moment::Instant(at), at))
            }
        }
    }
}

impl Days {
    /// Yesterday.
    pub fn one() -> Days {
        Days(Span::new().days(-1).fieldwise())
    }

    /// The day so far back from `day`.
    pub fn before(&self, day: Date) -> Option<Date> {
        day.checked_add(self.0.0).ok()
    }

    /// Whether this is the same day as `other` or an earlier one, seen from a day in the middle of a year.
    pub fn is_not_after(&self, other: &Days) -> bool {
        let day = date(2026, 7, 1);
        self.before(day) <= other.before(day)
    }

    fn is_none(&self) -> bool {
        self.0.0.is_zero()
    }
}

/// A time of a day in Helsinki; in the hour that summer time skips, an hour later.
pub(super) fn instant(day: Date, time: Time) -> Option<Timestamp> {
    helsinki().to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<When, String> {
        let advice = || {
            format!(
                "{text:?} is no time before the start: write \"-P3D 07:30\" (a time of day in Helsinki three days before), \"-P3D\" (that whole day) or \"-PT45M\" (exactly so long before)"
            )
        };
        let (duration, time) = match text.split_once(' ') {
            Some((duration, time)) => (duration, Some(time)),
            None => (text.as_str(), None),
        };
        if duration.contains('T') {
            let span = back(duration).filter(|_| time.is_none()).ok_or_else(advice)?;
            let whole_start = date(2026, 1, 1).at(12, 0, 0, 0);
            let reached = whole_start.checked_add(span).map_err(|_| advice())?;
            return if reached < whole_start { Ok(When::Before(span.fieldwise())) } else { Err(advice()) };
        }
        let days = Days::try_from(duration.to_owned()).ok().filter(|days| !days.is_none()).ok_or_else(advice)?;
        match time {
            Some(time) => Ok(When::Time(days, TimeOfDay::try_from(time.to_owned()).map_err(|_| advice())?.0)),
            None => Ok(When::Day(days)),
        }
    }
}

impl TryFrom<String> for Days {
    type Error = String;

    fn try_from(text: String) -> Result<Days, String> {
        let has_time = text.contains('T');
        back(&text).filter(|_| !has_time).map(|span| Days(span.fieldwise())).ok_or_else(|| {
            format!("{text:?} is no number of days before the start: write \"-P3D\", \"-P2W\", \"-P6M\" or \"-P1Y\"")
        })
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<TimeOfDay, String> {
        let digits = text.strip_prefix('T').unwrap_or(&text);
        let parsed = Time::strptime("%H:%M", digits).or_else(|_| Time::strptime("%H:%M:%S", digits));
        parsed.map(TimeOfDay).map_err(|_| format!("{text:?} is no time of day: write \"07:30\""))
    }
}

impl TryFrom<String> for Every {
    type Error = String;

    fn try_from(text: String) -> Result<Every, String> {
        let advice =
            || format!("{text:?} is no interval: write \"P1D\" or \"P1W\", for tissue glucose \"PT5M\" to \"PT12H\"");
        let span: Span = text.parse().map_err(|_| advice())?;
        if text.contains('T') {
            let minutes = i64::from(span.get_hours()) * 60 + span.get_minutes();
            let same = span.fieldwise() == Span::new().hours(span.get_hours()).minutes(span.get_minutes()).fieldwise();
            return if same && (5..=720).contains(&minutes) {
                Ok(Every::Minutes(minutes as i32))
            } else {
                Err(advice())
            };
        }
        let days = span.get_weeks() * 7 + span.get_days();
        let same = span.fieldwise() == Span::new().weeks(span.get_weeks()).days(span.get_days()).fieldwise();
        if same && (1..=366).contains(&days) { Ok(Every::Days(days)) } else { Err(advice()) }
    }
}

/// An ISO 8601 duration into the past, at most a century long.
fn back(text: &str) -> Option<Span> {
    let span: Span = text.starts_with("-P").then(|| text.parse().ok())??;
    let reached = date(2026, 1, 1).at(12, 0, 0, 0).checked_add(span).ok()?;
    (reached >= date(1926, 1, 1).at(0, 0, 0, 0)).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> Result<When, String> {
        When::try_from(text.to_owned())
    }

    #[test]
    fn moments_count_back_from_the_start_in_helsinki() {
        let start: Timestamp = "2026-03-30T00:30:00+03:00".parse().unwrap();
        let start = start.to_zoned(helsinki().clone());
        let at = |text: &str| when(text).unwrap().at(&start).unwrap();
        assert_eq!(at("-P3D 07:30").1.to_string(), "2026-03-27T05:30:00Z");
        assert_eq!(at("-P1D T07:30:05").1.to_string(), "2026-03-29T04:30:05Z");
        // 03:30 did not exist on the last Sunday of March.
        assert_eq!(at("-P1D 03:30").1.to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(at("-P1M").0, Moment::Day(date(2026, 2, 28)));
        assert_eq!(at("-PT45M").1.to_string(), "2026-03-29T20:45:00Z");
        assert_eq!(at("-P1DT1H").1.to_string(), "2026-03-28T21:30:00Z");
    }

    #[test]
    fn what_is_not_in_the_past_or_not_a_time_is_refused() {
        for text in [
            "",
            "P3D",
            "P-3D",
            "-P0D",
            "-P0D 07:30",
            "-PT0S",
            "-PT45M 07:30",
            "-P3D 25:00",
            "-P3D 7",
            "3 days ago",
            "-P101Y",
        ] {
            assert!(when(text).unwrap_err().contains("write \"-P3D 07:30\""), "{text:?}");
        }
        for (text, every) in [
            ("P1D", Some(Every::Days(1))),
            ("P2W", Some(Every::Days(14))),
            ("PT15M", Some(Every::Minutes(15))),
            ("PT1M", None),
            ("P1M", None),
            ("-P1D", None),
            ("P0D", None),
            ("P1DT5M", None),
            ("daily", None),
        ] {
            assert_eq!(Every::try_from(text.to_owned()).ok(), every, "{text:?}");
        }
    }
}
