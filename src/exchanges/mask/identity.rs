//! Personal identity codes wherever they stand and however they are spelled: with and without a century sign, with the
//! birth date in dots, within other words.

use super::unit::Unit;
use std::ops::Range;

/// The check characters, by the remainder of the nine digits by 31.
const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// Adds the spans of the individual numbers with their check characters; the birth date stays.
pub(super) fn codes(units: &[Unit], spans: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while at < units.len() {
        match units[at].byte.is_ascii_digit().then(|| code(units, at)).flatten() {
            Some(span) => {
                at = span.end;
                spans.push(span);
            }
            None => at += 1,
        }
    }
}

fn code(units: &[Unit], start: usize) -> Option<Range<usize>> {
    let byte = |at: usize| units.get(at).map_or(0, |unit| unit.byte);
    let digits = |at: usize, count: usize| {
        (at..at + count)
            .try_fold(0u32, |number, at| byte(at).is_ascii_digit().then(|| number * 10 + u32::from(byte(at) - b'0')))
    };
    let (day, month, year, date_end) = match dotted(&byte, start) {
        Some(date) => date,
        None => (digits(start, 2)?, digits(start + 2, 2)?, digits(start + 4, 2)?, start + 6),
    };
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
        return None;
    }
    let separator = match byte(date_end) {
        b'+' | b'-' | b' ' | b'A'..=b'F' | b'U'..=b'Y' | b'a'..=b'f' | b'u'..=b'y' => 1,
        // A dash beyond ASCII.
        0x80.. => (date_end..date_end + 3).take_while(|at| byte(*at) >= 0x80).count(),
        _ => 0,
    };
    let number_start = date_end + separator;
    let number = digits(number_start, 3)?;
    let last = byte(number_start + 3).to_ascii_uppercase();
    if !CHECK.contains(&last) {
        return None;
    }
    let end = number_start + 4;
    let remainder = (day * 10_000_000 + month * 100_000 + year * 1000 + number) % 31;
    let right = CHECK.get(remainder as usize) == Some(&last);
    let apart = |byte: u8| !byte.is_ascii_alphanumeric();
    let apart = apart(byte(start.wrapping_sub(1))) && apart(byte(end));
    // A wrong check character may be a slip in a real person's code. But a number or an identifier that only looks
    // like a code, such as a part of a UUID, stays.
    let sure = match separator {
        0 => {
            right && !byte(start.wrapping_sub(1)).is_ascii_digit() && !byte(end).is_ascii_digit()
                || apart && last.is_ascii_alphabetic()
        }
        _ => right || apart,
    };
    sure.then_some(number_start..end)
}

/// `13.10.1952`, `1.2.1952`: day, month, the year's last two digits, and where it ends.
fn dotted(byte: &impl Fn(usize) -> u8, start: usize) -> Option<(u32, u32, u32, usize)> {
    let number = |at: usize, longest: usize| {
        let length = (at..at + longest).take_while(|at| byte(*at).is_ascii_digit()).count();
        let value = (at..at + length).fold(0, |value, at| value * 10 + u32::from(byte(at) - b'0'));
        (length > 0).then_some((value, at + length))
    };
    let dot = |at: usize| matches!(byte(at), b'.' | b'/' | b'-').then_some(at + 1);
    let (day, end) = number(start, 2)?;
    let (month, end) = number(dot(end)?, 2)?;
    let year_start = dot(end)?;
    let (year, end) = number(year_start, 4)?;
    // Without a separator the individual number follows the year directly; then the year has four digits.
    (end - year_start == 4 || end - year_start == 2).then_some((day, month, year % 100, end))
}
