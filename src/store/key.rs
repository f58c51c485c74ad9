//! Keys: short, inline, ordered by their bytes.

use std::fmt;

/// A key of at most [`Key::MAX`] bytes, kept inline; ordered by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    // Zero behind the length, so that the derived order (the array, then the length) is that of the slices.
    bytes: [u8; Key::MAX],
    length: u8,
}

impl Key {
    /// The longest key, in bytes. Longer identifiers are hashed by the room that owns them.
    pub const MAX: usize = 31;

    /// The key made of `parts`, one behind the other.
    ///
    /// # Panics
    /// When the parts are longer than [`Key::MAX`] together: key layouts are fixed by the rooms, never by input.
    pub fn new(parts: &[&[u8]]) -> Key {
        let mut key = Key { bytes: [0; Key::MAX], length: 0 };
        for part in parts {
            let start = usize::from(key.length);
            key.bytes[start..start + part.len()].copy_from_slice(part);
            key.length += part.len() as u8;
        }
        key
    }

    /// The key with exactly these bytes, unless they are too many. For bytes that come from outside the program.
    #[cfg(feature = "disk")]
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Key> {
        (bytes.len() <= Key::MAX).then(|| Key::new(&[bytes]))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
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
