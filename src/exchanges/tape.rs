//! Numbered records of bytes, of which the oldest give way, in few large pieces of memory.
//!
//! Each request writes a record and lets an old one go. In pieces of its own a record would be freed long after it left
//! every cache, which costs more than writing it; here memory is written from end to end, again and again.

use std::collections::VecDeque;

/// Records, numbered from 1 in their order.
#[derive(Debug)]
pub(super) struct Tape {
    /// The oldest first; the first of them may begin with records that have given way.
    pieces: VecDeque<Piece>,
    /// A piece that is used again.
    spare: Option<Piece>,
    /// The number of the oldest record that is left.
    first: u64,
    /// The number of the next record.
    next: u64,
    bytes: usize,
}

/// Records one behind the other.
#[derive(Debug, Default)]
struct Piece {
    /// The number of its first record.
    first: u64,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<usize>,
}

/// How many bytes a piece has room for; a longer record has one of its own.
const PIECE: usize = 64 << 10;

impl Default for Tape {
    fn default() -> Tape {
        Tape { pieces: VecDeque::new(), spare: None, first: 1, next: 1, bytes: 0 }
    }
}

impl Tape {
    /// Adds a record and gives its number.
    pub fn push(&mut self, record: &[u8]) -> u64 {
        let has_room = |piece: &Piece| piece.bytes.capacity() - piece.bytes.len() >= record.len();
        if !self.pieces.back().is_some_and(has_room) {
            let mut piece = self
                .spare
                .take()
                .filter(has_room)
                .unwrap_or_else(|| Piece { bytes: Vec::with_capacity(record.len().max(PIECE)), ..Piece::default() });
            piece.first = self.next;
            self.pieces.push_back(piece);
        }
        if let Some(piece) = self.pieces.back_mut() {
            piece.bytes.extend_from_slice(record);
            piece.ends.push(piece.bytes.len());
        }
        self.bytes += record.len();
        self.next += 1;
        self.next - 1
    }

    /// Lets the oldest record go, and gives its number; nothing when there is none.
    pub fn pop(&mut self) -> Option<u64> {
        let number = self.first;
        self.bytes -= self.get(number)?.len();
        self.first += 1;
        if let Some(mut piece) = self.pieces.pop_front_if(|piece| piece.next() == number + 1) {
            piece.bytes.clear();
            piece.ends.clear();
            self.spare = Some(piece);
        }
        Some(number)
    }

    /// One record, unless it has given way or was never there.
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        if number < self.first {
            return None;
        }
        let piece = self.pieces.get(self.pieces.partition_point(|piece| piece.next() <= number))?;
        let index = usize::try_from(number - piece.first).ok()?;
        let end = *piece.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| piece.ends[before]);
        piece.bytes.get(start..end)
    }

    /// The records with their numbers, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..self.next).rev().filter_map(|number| Some((number, self.get(number)?)))
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        (self.next - self.first) as usize
    }

    /// How long all records are together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Piece {
    /// The number behind its last record.
    fn next(&self) -> u64 {
        self.first + self.ends.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_and_go_in_their_order() {
        let mut tape = Tape::default();
        assert_eq!((tape.pop(), tape.get(0), tape.get(1), tape.len()), (None, None, None, 0));
        // Pieces are begun, given back and used again; one record is longer than a piece, some are empty.
        let record =
            |number: u64| vec![number as u8; if number == 70 { 3 * PIECE } else { number as usize * 37 % 9_000 }];
        for number in 1..=500 {
            assert_eq!(tape.push(&record(number)), number);
            if tape.len() > 60 {
                assert_eq!(tape.pop(), Some(number - 60));
            }
            let first = number.saturating_sub(59).max(1);
            let kept: Vec<_> = tape.newest_first().map(|(number, bytes)| (number, bytes.to_vec())).collect();
            let expected: Vec<_> = (first..=number).rev().map(|number| (number, record(number))).collect();
            assert!(kept == expected, "after {number}");
            assert_eq!(tape.bytes(), expected.iter().map(|(_, record)| record.len()).sum::<usize>());
            assert_eq!((tape.get(first - 1), tape.get(number + 1)), (None, None));
        }
        assert!(tape.pieces.len() < 12, "{} pieces", tape.pieces.len());
        while tape.pop().is_some() {}
        assert_eq!((tape.len(), tape.bytes(), tape.pieces.len()), (0, 0, 0));
    }
}
