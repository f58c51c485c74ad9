//! One tenant as one value.

/// All state of one isolated copy.
pub struct Tenant {}
