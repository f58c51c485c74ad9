//! What is named on the axes: round numbers, and moments in the words of the language.

use crate::http::pages::Language;
use crate::time::helsinki;
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};

/// The next of 1, 2, 2.5, 5 and their tenfolds that is not below.
pub(super) fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.into_iter().map(|each| each * power).find(|each| *each >= step * 0.999).unwrap_or(10.0 * power)
}

/// At most `most` moments to name on the axis of time, with their words.
pub(super) fn ticks(from: i64, to: i64, most: usize, language: Language) -> Vec<(i64, String)> {
    const HOUR: i64 = 3_600_000;
    let span = to - from;
    let most = most.max(1) as i64;
    let at =
        |moment: DateTime| moment.to_zoned(helsinki().clone()).ok().map(|moment| moment.timestamp().as_millisecond());
    let within = |at: i64| (from..=to).contains(&at);
    let first = local(from);
    let midnight = |date: Date| at(date.to_datetime(Time::midnight()));
    if let Some(hours) = [1, 2, 3, 6, 12].into_iter().find(|hours| span / (hours * HOUR) <= most && span <= 48 * HOUR) {
        let Some(start) = midnight(first.date()) else { return Vec::new() };
        return (0..)
            .map(|index| start + index * hours * HOUR)
            .take_while(|at| *at <= to)
            .filter(|at| within(*at))
            .map(|at| {
                let moment = local(at);
                let pattern = if language == Language::En { "%H:%M" } else { "%-H.%M" };
                let words = match moment.time() == Time::midnight() {
                    true => day_label(moment.date(), language),
                    false => moment.strftime(pattern).to_string(),
                };
                (at, words)
            })
            .collect();
    }
    if let Some(days) = [1, 2, 3, 7, 14].into_iter().find(|days| span / (days * 24 * HOUR) <= most) {
        let mut date = first.date();
        let mut found = Vec::new();
        while let Some(start) = midnight(date).filter(|start| *start <= to) {
            if within(start) {
                found.push((start, day_label(date, language)));
            }
            let Ok(next) = date.checked_add((days as i32).days()) else { break };
            date = next;
        }
        return found;
    }
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600].into_iter();
    let months = months.clone().find(|months| span / (months * 30 * 24 * HOUR) <= most).unwrap_or(1200);
    let mut date = first.date().first_of_month();
    if months >= 12 {
        date = Date::new(date.year(), 1, 1).unwrap_or(date);
    }
    let mut found = Vec::new();
    while let Some(start) = midnight(date).filter(|start| *start <= to) {
        if within(start) {
            let pattern = if months >= 12 { "%Y" } else { "%-m/%Y" };
            found.push((start, date.strftime(pattern).to_string()));
        }
        let Ok(next) = date.checked_add((months as i32).months()) else { break };
        date = next;
    }
    found
}

pub(super) fn day_label(date: Date, language: Language) -> String {
    date.strftime(if language == Language::En { "%-d %b" } else { "%-d.%-m." }).to_string()
}

pub(super) fn day_words(date: Date, language: Language) -> String {
    date.strftime(if language == Language::En { "%-d %B %Y" } else { "%-d.%-m.%Y" }).to_string()
}

pub(super) fn local(at: i64) -> DateTime {
    let instant = Timestamp::from_millisecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX });
    instant.to_zoned(helsinki().clone()).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!([0.03, 0.21, 1.0, 2.3, 7.0].map(round_step), [0.05, 0.25, 1.0, 2.5, 10.0]);
    }

    #[test]
    fn the_axis_of_time_names_a_few_moments() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let names = |from, to, most| -> Vec<String> {
            ticks(at(from), at(to), most, Language::Fi).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(
            names("2026-06-01T06:00:00Z", "2026-06-01T21:30:00Z", 6),
            ["9.00", "12.00", "15.00", "18.00", "21.00", "2.6."]
        );
        assert_eq!(
            names("2026-06-01T06:00:00Z", "2026-06-12T21:30:00Z", 6),
            ["3.6.", "5.6.", "7.6.", "9.6.", "11.6.", "13.6."]
        );
        assert_eq!(
            names("2024-06-01T06:00:00Z", "2026-06-12T21:30:00Z", 6),
            ["12/2024", "6/2025", "12/2025", "6/2026"]
        );
    }
}
