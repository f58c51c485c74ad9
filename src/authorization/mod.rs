//! The authorization room.
