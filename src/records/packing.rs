//! How the text of a version lies in the store: packed against a dictionary.
//!
//! National records are much alike: profile, narrative markup, systems and codes repeat in each of them. LZ4 with those
//! in a dictionary leaves about a third, and unpacks in a microsecond; a store with 300 000 of them fits a laptop.

use lz4_flex::block;

/// What records have in common. Stored records depend on every byte of it: a better one becomes a second packing.
const DICTIONARY: &[u8] = include_bytes!("dictionary.txt");

/// Leads a packed text: the length of the text (4 bytes, big-endian) follows, then an LZ4 block made with [`DICTIONARY`].
/// No JSON text begins with it; what does not is a text as it is.
const PACKED: u8 = 1;

/// Appends a JSON text, packed if that is shorter.
pub(super) fn pack(text: &[u8], output: &mut Vec<u8>) {
    let packed = block::compress_with_dict(text, DICTIONARY);
    match u32::try_from(text.len()) {
        Ok(length) if packed.len() + 5 < text.len() => {
            output.push(PACKED);
            output.extend(length.to_be_bytes());
            output.extend(packed);
        }
        _ => output.extend(text),
    }
}

/// The text that was packed; nothing when the bytes are damaged.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(length(packed)?);
    append(packed, &mut text).then_some(text)
}

/// How long the text is that was packed; nothing when the bytes are damaged.
pub(super) fn length(packed: &[u8]) -> Option<usize> {
    let Some((&PACKED, rest)) = packed.split_first() else { return Some(packed.len()) };
    let (length, block) = rest.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    // A byte of LZ4 makes 255 of text at most: a damaged length reserves no gigabytes.
    (length <= block.len().saturating_mul(255)).then_some(length)
}

/// Appends the text that was packed, unpacked in place. False, and nothing appended, when the bytes are damaged.
pub(super) fn append(packed: &[u8], output: &mut Vec<u8>) -> bool {
    if packed.first() != Some(&PACKED) {
        output.extend_from_slice(packed);
        return true;
    }
    let Some(length) = length(packed) else { return false };
    let start = output.len();
    output.resize(start + length, 0);
    let unpacked = block::decompress_into_with_dict(&packed[5..], &mut output[start..], DICTIONARY);
    let is_whole = unpacked.is_ok_and(|unpacked| unpacked == length);
    if !is_whole {
        output.truncate(start);
    }
    is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        pack(text, &mut output);
        output
    }

    #[test]
    fn a_text_comes_back_whatever_it_is() {
        let weight = include_bytes!("../../examples/r4/valid/bodyweight-minimal.json");
        for text in [&b""[..], b"{}", weight, &[b' '; 100_000], DICTIONARY, "\u{1F980}".as_bytes()] {
            assert_eq!(unpack(&packed(text)).as_deref(), Some(text));
        }
        assert!(packed(weight).len() * 2 < weight.len(), "{} of {}", packed(weight).len(), weight.len());
    }

    #[test]
    fn damaged_bytes_are_no_text() {
        let mut damaged = packed(include_bytes!("../../examples/r4/valid/bodyweight-minimal.json"));
        assert_eq!(unpack(&damaged[..4]), None);
        assert_eq!(unpack(&damaged[..60]), None);
        damaged[1] = 0xFF;
        assert_eq!(unpack(&damaged), None);
    }

    /// Records on disk were packed against these very bytes.
    #[test]
    fn the_dictionary_never_changes() {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, DICTIONARY);
        let start: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(start, @"81eb28ab49b10aaf");
    }
}
