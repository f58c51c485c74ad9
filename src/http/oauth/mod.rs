//! http/oauth
