//! Keys: short, inline, ordered by their bytes.

use std::cmp::Ordering;
use std::fmt;

/// A key of at most [`Key::MAX`] bytes, kept inline; ordered by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The bytes, zeros behind them, and the length last: so the order of the whole is that of the slices.
    bytes: [u8; Key::MAX + 1],
}

impl Key {
    /// The longest key, in bytes. Longer identifiers are hashed by the room that owns them.
    pub const MAX: usize = 31;

    /// The key made of `parts`, one behind the other.
    ///
    /// # Panics
    /// When the parts are longer than [`Key::MAX`] together: key layouts are fixed by the rooms, never by input.
    pub fn new(parts: &[&[u8]]) -> Key {
        let mut bytes = [0; Key::MAX + 1];
        let mut length = 0;
        for part in parts {
            bytes[..Key::MAX][length..length + part.len()].copy_from_slice(part);
            length += part.len();
        }
        bytes[Key::MAX] = length as u8;
        Key { bytes }
    }

    /// The key with exactly these bytes, unless they are too many. For bytes that come from outside the program.
    #[cfg(feature = "disk")]
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Key> {
        (bytes.len() <= Key::MAX).then(|| Key::new(&[bytes]))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.bytes[Key::MAX])]
    }

    /// The bytes as two numbers in the same order. Keys are compared many times in every look at a map, and two numbers are
    /// compared in place, without a call.
    fn halves(&self) -> (u128, u128) {
        let (high, low) = self.bytes.split_at(16);
        // Two halves of 16 bytes each: neither conversion can fail.
        let number = |half: &[u8]| half.try_into().map_or(0, u128::from_be_bytes);
        (number(high), number(low))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.halves().cmp(&other.halves())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_their_bytes_are() {
        let samples: [&[u8]; 9] =
            [b"", b"\0", b"\0\0", b"\0\x01", b"a", b"a\0", b"a\0b", b"ab", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"];
        for one in samples {
            for other in samples {
                assert_eq!(Key::new(&[one]).cmp(&Key::new(&[other])), one.cmp(other), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn parts_are_joined() {
        assert_eq!(Key::new(&[b"ab", b"", b"c"]).as_bytes(), b"abc");
        assert_eq!(Key::new(&[&[7; Key::MAX]]).as_bytes().len(), Key::MAX);
    }
}
