//! A text as bytes with their escapes decoded, each knowing where it stands.

/// One decoded byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// The byte. Of a character reference or `\\u` escape beyond ASCII: 0xFF.
    pub byte: u8,
    /// Where it begins in the text.
    pub start: usize,
    /// How it was written.
    pub escape: Escape,
    /// How often a quotation mark is escaped: 0 when it ends a string of the outermost text.
    pub depth: u8,
}

/// How a byte was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As itself.
    None,
    /// `%41`, `%2541` …
    Percent,
    /// `\\n`, `\\u0041` …
    Backslash,
    /// `&#65;`, `&amp;` …
    Reference,
}

/// The longest name that is compared, in bytes.
const LONGEST_NAME: usize = 40;

/// Reads a text.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let bytes = text.as_bytes();
    let (mut units, mut start) = (Vec::with_capacity(bytes.len()), 0);
    while start < bytes.len() {
        let rest = &bytes[start..];
        let (byte, length, escape, depth) = match rest[0] {
            b'%' => percent(rest).map(|(byte, length)| (byte, length, Escape::Percent, 1)),
            b'\\' => backslash(rest).map(|(byte, length, depth)| (byte, length, Escape::Backslash, depth)),
            b'&' => reference(rest).map(|(byte, length)| (byte, length, Escape::Reference, 1)),
            _ => None,
        }
        .unwrap_or((rest[0], 1, Escape::None, 0));
        units.push(Unit { byte, start, escape, depth });
        start += length;
    }
    units
}

/// The name that ends before a unit, in lower case; empty when it is longer than any we compare.
pub(super) fn word_before(units: &[Unit], end: usize) -> String {
    let end = end.min(units.len());
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let name: Vec<u8> =
        units[..end].iter().rev().map(|unit| unit.byte).take_while(|byte| in_name(*byte)).take(LONGEST_NAME).collect();
    if name.len() == LONGEST_NAME {
        return String::new();
    }
    name.iter().rev().map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// `%41`, also encoded several times over as in `%252541`.
fn percent(rest: &[u8]) -> Option<(u8, usize)> {
    let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
    let mut at = 1;
    // The bound keeps the time linear; nobody encodes more often.
    while at < 9 && rest.get(at..at + 2) == Some(b"25") && digit(at + 2).is_some() && digit(at + 3).is_some() {
        at += 2;
    }
    let byte = digit(at)? * 16 + digit(at + 1)?;
    Some((u8::try_from(byte).ok()?, at + 2))
}

/// A JSON escape: the byte, its length, and for quotation marks how deep they are escaped.
fn backslash(rest: &[u8]) -> Option<(u8, usize, u8)> {
    // The bound keeps the time linear.
    let slashes = rest.iter().take(16).take_while(|byte| **byte == b'\\').count();
    match rest.get(slashes)? {
        b'"' if slashes % 2 == 1 => Some((b'"', slashes + 1, u8::try_from(slashes).ok()?)),
        b'u' if slashes % 2 == 1 => {
            let digits = std::str::from_utf8(rest.get(slashes + 1..slashes + 5)?).ok()?;
            let value = u32::from_str_radix(digits, 16).ok()?;
            Some((u8::try_from(value).ok().filter(u8::is_ascii).unwrap_or(0xFF), slashes + 5, 1))
        }
        b'/' if slashes == 1 => Some((b'/', 2, 1)),
        b'n' if slashes == 1 => Some((b'\n', 2, 1)),
        b'r' if slashes == 1 => Some((b'\r', 2, 1)),
        b't' if slashes == 1 => Some((b'\t', 2, 1)),
        // Escaped backslashes do not escape what follows them.
        _ if slashes >= 2 => Some((b'\\', 2, 1)),
        _ => None,
    }
}

/// A character reference.
fn reference(rest: &[u8]) -> Option<(u8, usize)> {
    const NAMED: [(&[u8], u8); 5] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    if let Some((name, byte)) = NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some((*byte, name.len()));
    }
    let digits = rest.strip_prefix(b"&#")?;
    let end = digits.iter().take(9).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(&digits[..end]).ok()?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    Some((u8::try_from(value.ok()?).ok().filter(u8::is_ascii).unwrap_or(0xFF), end + 3))
}
