//! Start, listen, stop.
