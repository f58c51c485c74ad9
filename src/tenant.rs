//! One tenant as one value.
