//! No real person's data: personal identity codes outside the test range are refused wherever they stand in a body.

use crate::json::{Document, Value};

/// The first text in a document that holds a personal identity code which could be a real person's.
///
/// A code counts when its check character is right and its individual number is not one of 900–999, which are given to no one.
pub(super) fn real_identity_code(document: &Document) -> Option<Value<'_>> {
    // Nearly every body is cleared by its raw text alone; only a suspicious one is looked at string by string.
    if !has_real_code(document.text()) && !document.text().contains('\\') {
        return None;
    }
    first_string(document.root(), &has_real_code)
}

fn first_string<'d>(value: Value<'d>, test: &dyn Fn(&str) -> bool) -> Option<Value<'d>> {
    if value.as_str().is_some_and(test) {
        return Some(value);
    }
    value.members().map(|(_, member)| member).chain(value.items()).find_map(|child| first_string(child, test))
}

fn has_real_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    bytes
        .windows(11)
        .enumerate()
        .any(|(at, window)| is_real(window) && !is_word(at.checked_sub(1)) && !is_word(Some(at + 11)))
}

/// `DDMMYYCNNNQ` with a right check character Q and an individual number NNN below 900.
fn is_real(code: &[u8]) -> bool {
    const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let number = |range: std::ops::Range<usize>| {
        code[range]
            .iter()
            .try_fold(0_u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
    };
    if !matches!(code[6], b'+' | b'-' | b'A'..=b'F' | b'U'..=b'Y') {
        return false;
    }
    let (Some(date), Some(individual)) = (number(0..6), number(7..10)) else { return false };
    let (day, month) = (date / 10_000, date / 100 % 100);
    (1..=31).contains(&day)
        && (1..=12).contains(&month)
        && (2..900).contains(&individual)
        && CHECK[((date * 1000 + individual) % 31) as usize] == code[10].to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code with a right check character.
    fn code(individual: u32) -> String {
        let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[((10_594 * 1000 + individual) % 31) as usize];
        format!("010594Y{individual:03}{}", char::from(check))
    }

    fn refused(text: &str) -> bool {
        real_identity_code(&Document::parse(format!("{{\"a\":[{{\"b\":\"{text}\"}}]}}")).unwrap()).is_some()
    }

    #[test]
    fn codes_that_could_be_a_persons_are_found() {
        let real = code(899);
        for text in
            [real.clone(), format!("tunnus {real}."), format!("{} {real}", code(900)), real.replace('Y', "\\u0059")]
        {
            assert!(refused(&text), "{text}");
        }
    }

    #[test]
    fn the_test_range_and_other_texts_pass() {
        let real = code(899);
        for text in
            [code(900), code(999), format!("x{real}"), format!("{real}1"), real.replacen('0', "4", 1), "ä".repeat(9)]
        {
            assert!(!refused(&text), "{text}");
        }
    }
}
