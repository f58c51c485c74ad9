//! http/control
