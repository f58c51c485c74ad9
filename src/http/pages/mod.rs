//! http/pages
