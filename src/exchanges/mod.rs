//! The exchanges room.
