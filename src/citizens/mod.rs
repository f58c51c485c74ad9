//! The citizens room.
