//! The document tree.
