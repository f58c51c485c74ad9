//! One command a file.

pub mod client;
pub mod healthcheck;
pub mod package;
pub mod serve;
pub mod token;
pub mod validate;
