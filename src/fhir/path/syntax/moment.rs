//! Dates, times and date-times with the precision they were written in.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A date, a time or a date-time, perhaps a partial one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    kind: Kind,
    precision: Precision,
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// How many digits the fraction of the second was written with.
    fraction_digits: u8,
    /// Minutes east of UTC, when a time zone was given.
    offset: Option<i16>,
}

/// What a [`Moment`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// `2020-01`
    Date,
    /// `2020-01-01T12:00:00Z`
    DateTime,
    /// `12:00`
    Time,
}

/// The smallest unit a [`Moment`] was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Precision {
    /// `2020`
    Year,
    /// `2020-01`
    Month,
    /// `2020-01-01`
    Day,
    /// `T12`
    Hour,
    /// `T12:00`
    Minute,
    /// `T12:00:00`, with or without a fraction
    Second,
}

const NANOSECONDS: i128 = 1_000_000_000;

impl Moment {
    /// `2020`, `2020-01` or `2020-01-31`; the day must exist in its month.
    pub fn date(text: &str) -> Option<Moment> {
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
        let moment = scanner.date(Kind::Date)?;
        scanner.at_end().then_some(moment)
    }

    /// A date, or a date with a time after `T`; hours alone, minutes, seconds, fractions and the zone are all optional.
    pub fn date_time(text: &str) -> Option<Moment> {
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
        let mut moment = scanner.date(Kind::DateTime)?;
        // `2020T` is how a literal says that it is a date-time.
        if scanner.take(b'T') && !scanner.at_end() {
            if moment.precision != Precision::Day {
                return None;
            }
            scanner.time(&mut moment)?;
            moment.offset = scanner.offset()?;
        }
        scanner.at_end().then_some(moment)
    }

    /// `12`, `12:30`, `12:30:15` or `12:30:15.123`.
    pub fn time(text: &str) -> Option<Moment> {
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
        let mut moment = Moment::start(Kind::Time);
        scanner.time(&mut moment)?;
        scanner.at_end().then_some(moment)
    }

    /// The instant in a zone `offset` minutes east of UTC, to the millisecond. The year is clamped to 1–9999.
    pub fn from_unix_milliseconds(milliseconds: i64, offset: i16) -> Moment {
        let nanoseconds = (i128::from(milliseconds) + i128::from(offset) * 60_000) * 1_000_000;
        let mut moment = Moment::start(Kind::DateTime);
        moment.precision = Precision::Second;
        moment.fraction_digits = 3;
        moment.offset = Some(offset);
        moment.set_local_nanoseconds(nanoseconds);
        moment
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How exact it is.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Whether a time zone was given.
    pub fn has_offset(&self) -> bool {
        self.offset.is_some()
    }

    /// The year; 0 for a time.
    pub fn year(&self) -> u16 {
        self.year
    }

    /// The date part; `None` for a time.
    pub fn to_date(self) -> Option<Moment> {
        (self.kind != Kind::Time).then(|| Moment {
            kind: Kind::Date,
            precision: self.precision.min(Precision::Day),
            year: self.year,
            month: self.month,
            day: self.day,
            ..Moment::start(Kind::Date)
        })
    }

    /// A date as a date-time of the same precision; `None` for a time.
    pub fn to_date_time(self) -> Option<Moment> {
        (self.kind != Kind::Time).then_some(Moment { kind: Kind::DateTime, ..self })
    }

    /// The time of day; `None` when there is none.
    pub fn to_time(self) -> Option<Moment> {
        (self.precision >= Precision::Hour).then_some(Moment {
            kind: Kind::Time,
            year: 0,
            month: 1,
            day: 1,
            offset: None,
            ..self
        })
    }

    /// The order of two moments, `None` when their precision (or a missing zone) leaves it open.
    pub fn compare(&self, other: &Moment) -> Option<Ordering> {
        if (self.kind == Kind::Time) != (other.kind == Kind::Time) {
            return None;
        }
        let timed = self.precision >= Precision::Hour && other.precision >= Precision::Hour;
        if timed && self.kind != Kind::Time && self.offset.is_some() != other.offset.is_some() {
            // A zone lies between -14 and +14 hours: further apart, the order is certain all the same.
            let distance = self.local_nanoseconds() - other.local_nanoseconds();
            return (distance.abs() > 14 * 3600 * NANOSECONDS).then(|| distance.cmp(&0));
        }
        let (mut left, mut right) = (*self, *other);
        if timed {
            left = left.in_utc();
            right = right.in_utc();
        }
        let common = left.precision.min(right.precision);
        for unit in [Precision::Year, Precision::Month, Precision::Day, Precision::Hour, Precision::Minute] {
            if unit > common {
                break;
            }
            let order = left.component(unit).cmp(&right.component(unit));
            if order.is_ne() {
                return Some(order);
            }
        }
        if left.precision != right.precision {
            return None;
        }
        Some(left.component(Precision::Second).cmp(&right.component(Precision::Second)))
    }

    /// Whether both say the same with the same precision (`~`).
    pub fn equivalent(&self, other: &Moment) -> bool {
        self.precision == other.precision && self.compare(other) == Some(Ordering::Equal)
    }

    /// Moves it by a whole number of a calendar unit in the singular; `None` when the unit or the result makes no sense.
    /// What is finer than the precision is dropped, as the specification says.
    pub fn plus(&self, amount: i64, unit: &str) -> Option<Moment> {
        let amount = i128::from(amount);
        if self.kind == Kind::Time && matches!(unit, "year" | "month" | "week" | "day") {
            return None;
        }
        match unit {
            "year" => self.plus_months(amount.checked_mul(12)?),
            "month" => self.plus_months(amount),
            "week" => self.plus_nanoseconds(amount * 7 * 86_400 * NANOSECONDS),
            "day" => self.plus_nanoseconds(amount * 86_400 * NANOSECONDS),
            "hour" => self.plus_nanoseconds(amount * 3600 * NANOSECONDS),
            "minute" => self.plus_nanoseconds(amount * 60 * NANOSECONDS),
            "second" => self.plus_nanoseconds(amount * NANOSECONDS),
            "millisecond" => self.plus_nanoseconds(amount * 1_000_000),
            _ => None,
        }
    }

    fn plus_months(&self, amount: i128) -> Option<Moment> {
        let months = i128::from(self.year) * 12 + i128::from(self.month) - 1;
        let amount = if self.precision == Precision::Year { amount / 12 * 12 } else { amount };
        let months = months + amount;
        let year = u16::try_from(months.div_euclid(12)).ok().filter(|year| (1..=9999).contains(year))?;
        let month = months.rem_euclid(12) as u8 + 1;
        Some(Moment { year, month, day: self.day.min(days_in_month(year, month)), ..*self })
    }

    fn plus_nanoseconds(&self, amount: i128) -> Option<Moment> {
        let mut moved = *self;
        if self.kind == Kind::Time {
            let day = 86_400 * NANOSECONDS;
            moved.set_local_nanoseconds((self.local_nanoseconds() + amount).rem_euclid(day));
            (moved.year, moved.month, moved.day) = (0, 1, 1);
            return Some(moved);
        }
        // An amount finer than the precision counts as the whole units in it: 30 days on a month are one month.
        match self.precision {
            Precision::Year => return self.plus_months(amount / (365 * 86_400 * NANOSECONDS) * 12),
            Precision::Month => return self.plus_months(amount / (30 * 86_400 * NANOSECONDS)),
            Precision::Day => moved.set_local_nanoseconds(
                self.local_nanoseconds() + amount / (86_400 * NANOSECONDS) * 86_400 * NANOSECONDS,
            ),
            _ => moved.set_local_nanoseconds(self.local_nanoseconds() + amount),
        }
        (1..=9999).contains(&moved.year).then_some(moved)
    }

    fn in_utc(mut self) -> Moment {
        if let Some(offset) = self.offset.filter(|offset| *offset != 0) {
            self.set_local_nanoseconds(self.local_nanoseconds() - i128::from(offset) * 60 * NANOSECONDS);
            self.offset = Some(0);
        }
        self
    }

    fn component(&self, unit: Precision) -> u64 {
        match unit {
            Precision::Year => u64::from(self.year),
            Precision::Month => u64::from(self.month),
            Precision::Day => u64::from(self.day),
            Precision::Hour => u64::from(self.hour),
            Precision::Minute => u64::from(self.minute),
            Precision::Second => u64::from(self.second) * NANOSECONDS as u64 + u64::from(self.nanosecond),
        }
    }

    /// Nanoseconds since 1970 as if the moment were in UTC; for a time, since midnight.
    fn local_nanoseconds(&self) -> i128 {
        let days = if self.kind == Kind::Time { 0 } else { days_from_civil(self.year, self.month, self.day) };
        let seconds = i128::from(days) * 86_400
            + i128::from(self.hour) * 3600
            + i128::from(self.minute) * 60
            + i128::from(self.second);
        seconds * NANOSECONDS + i128::from(self.nanosecond)
    }

    fn set_local_nanoseconds(&mut self, nanoseconds: i128) {
        let (seconds, nanosecond) = (nanoseconds.div_euclid(NANOSECONDS), nanoseconds.rem_euclid(NANOSECONDS));
        let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
        (self.year, self.month, self.day) = civil_from_days(days);
        self.hour = (second_of_day / 3600) as u8;
        self.minute = (second_of_day / 60 % 60) as u8;
        self.second = (second_of_day % 60) as u8;
        self.nanosecond = nanosecond as u32;
    }

    fn start(kind: Kind) -> Moment {
        Moment {
            kind,
            precision: Precision::Year,
            year: 0,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            fraction_digits: 0,
            offset: None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != Kind::Time {
            write!(formatter, "{:04}", self.year)?;
            if self.precision >= Precision::Month {
                write!(formatter, "-{:02}", self.month)?;
            }
            if self.precision >= Precision::Day {
                write!(formatter, "-{:02}", self.day)?;
            }
            if self.precision >= Precision::Hour {
                formatter.write_str("T")?;
            }
        }
        if self.precision >= Precision::Hour {
            write!(formatter, "{:02}", self.hour)?;
        }
        if self.precision >= Precision::Minute {
            write!(formatter, ":{:02}", self.minute)?;
        }
        if self.precision >= Precision::Second {
            write!(formatter, ":{:02}", self.second)?;
            if self.fraction_digits > 0 {
                let digits = format!("{:09}", self.nanosecond);
                write!(formatter, ".{}", &digits[..usize::from(self.fraction_digits).min(9)])?;
            }
        }
        match self.offset {
            Some(0) => formatter.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(formatter, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
            None => Ok(()),
        }
    }
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u16> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        self.at += count;
        digits
            .iter()
            .try_fold(0_u16, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u16::from(digit - b'0')))
    }

    fn two(&mut self, least: u8, most: u8) -> Option<u8> {
        let value = self.digits(2)? as u8;
        (least..=most).contains(&value).then_some(value)
    }

    fn date(&mut self, kind: Kind) -> Option<Moment> {
        let mut moment = Moment { year: self.digits(4)?, ..Moment::start(kind) };
        if self.take(b'-') {
            moment.month = self.two(1, 12)?;
            moment.precision = Precision::Month;
            if self.take(b'-') {
                moment.day = self.two(1, days_in_month(moment.year, moment.month))?;
                moment.precision = Precision::Day;
            }
        }
        Some(moment)
    }

    fn time(&mut self, moment: &mut Moment) -> Option<()> {
        moment.hour = self.two(0, 23)?;
        moment.precision = Precision::Hour;
        if self.take(b':') {
            moment.minute = self.two(0, 59)?;
            moment.precision = Precision::Minute;
            if self.take(b':') {
                // 60 is a leap second.
                moment.second = self.two(0, 60)?;
                moment.precision = Precision::Second;
                if self.take(b'.') {
                    self.fraction(moment)?;
                }
            }
        }
        Some(())
    }

    /// Digits beyond nanoseconds are read and dropped.
    fn fraction(&mut self, moment: &mut Moment) -> Option<()> {
        let start = self.at;
        let mut unit = 100_000_000;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            moment.nanosecond += u32::from(digit - b'0') * unit;
            unit /= 10;
            self.at += 1;
        }
        moment.fraction_digits = (self.at - start).min(9) as u8;
        (self.at > start).then_some(())
    }

    /// `Z`, `+02:00`, or nothing; the outer `None` is a malformed zone.
    fn offset(&mut self) -> Option<Option<i16>> {
        if self.take(b'Z') {
            return Some(Some(0));
        }
        let sign = if self.take(b'+') {
            1
        } else if self.take(b'-') {
            -1
        } else {
            return Some(None);
        };
        let hours = i16::from(self.two(0, 14)?);
        let minutes = if self.take(b':') { i16::from(self.two(0, 59)?) } else { return None };
        let offset = hours * 60 + minutes;
        (offset <= 14 * 60).then_some(Some(sign * offset))
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years start in March so that leap days come last.
fn days_from_civil(year: u16, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]; years are clamped to 0–65535.
fn civil_from_days(days: i128) -> (u16, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u8;
    let year = era * 400 + year_of_era + i128::from(month <= 2);
    (year.clamp(0, i128::from(u16::MAX)) as u16, month, day)
}
